<?php
// PDO prepares by names and gives them up with SQL DEALLOCATE; pg_prepare("") keeps an unnamed statement across Sync.
$address = "host={$_SERVER['PGHOST']} port={$_SERVER['PGPORT']} dbname=app user=app";

function expect(string $what, mixed $got, mixed $wanted): void {
    if ($got !== $wanted) throw new Exception("$what: " . var_export($got, true) . " instead of " . var_export($wanted, true));
}

function pdo(string $more = ""): PDO {
    $dsn = "pgsql:host={$_SERVER['PGHOST']};port={$_SERVER['PGPORT']};dbname=app$more";
    return new PDO($dsn, "app", "", [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
}

function state(callable $work): string {
    try { $work(); } catch (PDOException $error) { return (string) $error->getCode(); }
    return "none";
}

function value(PDO $client, string $sql): mixed { return $client->query($sql)->fetchColumn(); }

$clients = array_map(fn () => pdo(), range(1, 5));
foreach ([false, true] as $isTransaction) {
    for ($round = 0; $round < 3; $round++) {
        $statements = array_map(fn ($client) => $client->prepare("select ?::int + 1"), $clients);
        foreach ($statements as $index => $statement) {
            if ($isTransaction) $clients[$index]->beginTransaction();
            for ($number = 0; $number < 3; $number++) {
                $statement->execute([$number]);
                expect("row", (int) $statement->fetchColumn(), $number + 1);
            }
            if ($isTransaction) $clients[$index]->commit();
        }
        foreach ($clients as $index => $client) {
            if ($isTransaction) $client->beginTransaction();
            $statement = null;
            $statements[$index] = null;
            expect("after DEALLOCATE", (int) value($client, "select $index"), $index);
            if ($isTransaction) $client->commit();
        }
    }
}

$division = $clients[0]->prepare("select 1 / ?::int");
for ($round = 0; $round < 3; $round++) {
    expect("SQLSTATE", state(fn () => $division->execute([0])), "22012");
    $division->execute([1]);
    expect("quotient", (int) $division->fetchColumn(), 1);
    $clients[1]->query("select 1");
}

$clients[0]->exec("drop table if exists php_changing; create table php_changing as select 1 as a");
$changing = $clients[1]->prepare("select * from php_changing");
$changing->execute();
$clients[0]->exec("alter table php_changing add b int default 2");
$state = state(fn () => $changing->execute());
if ($state !== "none") expect("SQLSTATE", $state, "0A000");
$again = $clients[1]->prepare("select * from php_changing");
$again->execute();
expect("columns", $again->columnCount(), 2);
$clients[0]->exec("drop table php_changing");

$clients[0]->exec("set session characteristics as transaction read only");
for ($index = 1; $index < 5; $index++) $clients[$index]->exec("create table php_$index (); drop table php_$index");
expect("SQLSTATE", state(fn () => $clients[0]->exec("create table php_0 ()")), "25006");
$clients[0]->exec("set session characteristics as transaction read write");
expect("lock", value($clients[0], "select pg_try_advisory_lock(2)"), true);
for ($index = 1; $index < 5; $index++) expect("lock of another", value($clients[$index], "select pg_try_advisory_xact_lock(2)"), false);
expect("unlock", value($clients[0], "select pg_advisory_unlock(2)"), true);
// A scrollable cursor of PDO is one WITH HOLD where there is no transaction.
$cursor = $clients[0]->prepare("select generate_series(1, 5)", [PDO::ATTR_CURSOR => PDO::CURSOR_SCROLL]);
$cursor->execute();
for ($number = 1; $number < 6; $number++) {
    expect("cursor", (int) $cursor->fetchColumn(), $number);
    for ($index = 1; $index < 5; $index++) $clients[$index]->query("select 1");
}
$cursor = null;
expect("search_path", value(pdo(";options='-c search_path=mine'"), "show search_path"), "mine");
expect("another's", value($clients[1], "show search_path"), '"$user", public');

// The unnamed statement across Sync, and named ones.
$links = array_map(fn () => pg_connect($address, PGSQL_CONNECT_FORCE_NEW), range(1, 4));
foreach ($links as $index => $link) pg_prepare($link, "", "select $index, $1::int");
foreach ($links as $index => $link) pg_prepare($link, "named", "select $1::int, $index");
for ($round = 0; $round < 3; $round++) {
    foreach ($links as $index => $link) {
        expect("named", pg_fetch_row(pg_execute($link, "named", [$round])), [(string) $round, (string) $index]);
    }
}
foreach ($links as $index => $link) pg_prepare($link, "", "select $index, $1::int");
foreach ($links as $index => $link) {
    expect("unnamed", pg_fetch_row(pg_execute($link, "", [7])), [(string) $index, "7"]);
}
foreach ($links as $link) {
    pg_query($link, "begin; deallocate named; commit");
    expect("prepared again", (bool) pg_prepare($link, "named", "select 8"), true);
    expect("result", pg_fetch_result(pg_execute($link, "named", []), 0, 0), "8");
}

try {
    new PDO("pgsql:host={$_SERVER['PGHOST']};port={$_SERVER['PASSWORD_PORT']};dbname=app", "app", "wrong");
    throw new Exception("a wrong password was taken");
} catch (PDOException $error) {
    expect("wrong password", str_contains($error->getMessage(), "authentication failed"), true);
}
