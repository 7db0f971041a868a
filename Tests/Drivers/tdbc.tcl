# tdbc::postgres prepares each statement under a name of its own and gives it up with DEALLOCATE; pgtcl uses plain libpq.
package require tdbc::postgres

proc expect {what got wanted} { if {$got ne $wanted} { error "$what: $got instead of $wanted" } }

set clients {}
for {set index 0} {$index < 4} {incr index} {
    tdbc::postgres::connection create client$index -host $::env(PGHOST) -port $::env(PGPORT) -db app -user app
    lappend clients client$index
}
for {set round 0} {$round < 3} {incr round} {
    set statements {}
    foreach client $clients { lappend statements [$client prepare {select :n::int + 1 as n}] }
    foreach statement $statements {
        for {set n 0} {$n < 3} {incr n} { expect row [lindex [$statement allrows -as lists] 0 0] [expr {$n + 1}] }
    }
    foreach statement $statements { $statement close }
    foreach client $clients {
        $client transaction {
            set n 7
            expect transaction [lindex [$client allrows -as lists {select :n::int}] 0 0] 7
        }
    }
}
set zero 0
for {set round 0} {$round < 2} {incr round} {
    expect error [catch {client0 allrows {select 1 / :zero::int}} message options] 1
    expect SQLSTATE [lindex [dict get $options -errorcode] 2] 22012
    expect after [lindex [client0 allrows -as lists {select 5}] 0 0] 5
}
client0 allrows {set session characteristics as transaction read only}
for {set index 1} {$index < 4} {incr index} {
    expect another's [lindex [client$index allrows -as lists {show transaction_read_only}] 0 0] off
}
expect own [lindex [client0 allrows -as lists {show transaction_read_only}] 0 0] on
foreach client $clients { $client close }
if {![catch {package require Pgtcl}]} {
    set first [pg_connect -conninfo "host=$::env(PGHOST) port=$::env(PGPORT) dbname=app user=app"]
    set second [pg_connect -conninfo "host=$::env(PGHOST) port=$::env(PGPORT) dbname=app user=app"]
    foreach link [list $first $second] {
        set result [pg_exec $link "prepare p as select 4"]
        pg_result $result -clear
    }
    pg_select $first "execute p" row { expect prepared $row(?column?) 4 }
    set ::heard {}
    proc hear args { set ::heard yes }
    pg_listen $first tcl_news hear
    pg_result [pg_exec $second "notify tcl_news"] -clear
    after 10000 { set ::heard no }
    vwait ::heard
    expect heard $::heard yes
    pg_disconnect $first
    pg_disconnect $second
}
