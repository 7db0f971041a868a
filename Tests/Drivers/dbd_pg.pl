# DBD::Pg prepares on the server by itself from the second run on, and gives statements up with SQL DEALLOCATE.
use strict;
use warnings;
use DBI;

my $dsn = "dbi:Pg:host=$ENV{PGHOST};port=$ENV{PGPORT};dbname=app";
my %quiet = (RaiseError => 1, PrintError => 0, PrintWarn => 0, AutoCommit => 1);

sub connection { DBI->connect($dsn . ($_[0] // ""), "app", "", {%quiet}) }

sub expect {
    my ($what, $got, $wanted) = @_;
    die "$what: $got instead of $wanted\n" unless defined $got && $got eq $wanted;
}

my @clients = map { connection() } 1 .. 5;

# Statements of each client's own, run by turns, given up and made again, outside and inside of transactions.
for my $isolated (0, 1) {
    for my $round (1 .. 3) {
        my @statements;
        for my $client (@clients) {
            my $statement = $client->prepare("select ?::int + 1, ?::text", {pg_server_prepare => 1});
            push @statements, $statement;
        }
        for my $number (1 .. 4) {
            for my $index (0 .. $#clients) {
                $clients[$index]->begin_work if $isolated;
                $statements[$index]->execute($number, "x$index");
                my @row = $statements[$index]->fetchrow_array;
                expect("row", "@row", ($number + 1) . " x$index");
                $statements[$index]->finish;
                $clients[$index]->commit if $isolated;
            }
        }
        for my $index (0 .. $#clients) {
            $clients[$index]->begin_work if $isolated;
            undef $statements[$index];
            expect("after DEALLOCATE", $clients[$index]->selectrow_array("select $index"), $index);
            $clients[$index]->commit if $isolated;
        }
    }
}

# A statement that failed runs again.
my $division = $clients[0]->prepare("select 1 / ?::int", {pg_server_prepare => 1, pg_switch_prepared => 1});
for my $round (1 .. 3) {
    eval { $division->execute(0) };
    expect("SQLSTATE", $clients[0]->state, "22012");
    $division->execute(1);
    expect("quotient", $division->fetchrow_array, 1);
    $division->finish;
    $clients[$round]->selectrow_array("select ?::int", {}, 1);
}

# DDL under a statement.
$clients[0]->do("drop table if exists perl_changing; create table perl_changing as select 1 as a");
my $changing = $clients[1]->prepare("select * from perl_changing", {pg_server_prepare => 1, pg_switch_prepared => 1});
for (1 .. 3) { $changing->execute; $changing->finish }
$clients[0]->do("alter table perl_changing add b int default 2");
eval { $changing->execute };
expect("SQLSTATE", $clients[1]->state, "0A000") if $@;
expect("columns", scalar(@{$clients[1]->selectrow_arrayref("select * from perl_changing")}), 2);
$clients[0]->do("drop table perl_changing");

# Characteristics, locks, cursors, LISTEN.
$clients[0]->do("set session characteristics as transaction read only");
$clients[$_]->do("create table perl_$_ (); drop table perl_$_") for 1 .. 4;
eval { $clients[0]->do("create table perl_0 ()") };
expect("SQLSTATE", $clients[0]->state, "25006");
$clients[0]->do("set session characteristics as transaction read write");
expect("lock", $clients[0]->selectrow_array("select pg_try_advisory_lock(1)"), 1);
expect("lock of another", $clients[$_]->selectrow_array("select pg_try_advisory_xact_lock(1)"), 0) for 1 .. 4;
expect("unlock", $clients[0]->selectrow_array("select pg_advisory_unlock(1)"), 1);
$clients[0]->do("declare held cursor with hold for select generate_series(1, 5)");
for my $number (1 .. 5) {
    expect("cursor", $clients[0]->selectrow_array("fetch next from held"), $number);
    $clients[$_]->selectrow_array("select 1") for 1 .. 4;
}
$clients[0]->do("close held");
$clients[0]->do("listen perl_news");
$clients[1]->do("notify perl_news, 'heard'");
my $heard;
for (1 .. 100) { last if $heard = $clients[0]->pg_notifies; select undef, undef, undef, 0.05 }
expect("notification", $heard->[2], "heard");
$clients[0]->do("unlisten *");

# Parameters of the startup packet.
my $own = connection(";options='-c search_path=mine -c statement_timeout=7s'");
for (1 .. 3) {
    expect("search_path", $own->selectrow_array("show search_path"), "mine");
    expect("statement_timeout", $own->selectrow_array("show statement_timeout"), "7s");
    expect("another's", $clients[$_]->selectrow_array("show statement_timeout"), "0");
}

my $wrong = DBI->connect("dbi:Pg:host=$ENV{PGHOST};port=$ENV{PASSWORD_PORT};dbname=app", "app", "wrong",
    {%quiet, RaiseError => 0});
die "a wrong password was taken\n" if $wrong;
# libpq knows no SQLSTATE of a failed login.
die "wrong password: $DBI::errstr\n" unless $DBI::errstr =~ /authentication failed/;
