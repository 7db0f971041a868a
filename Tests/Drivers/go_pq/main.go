// lib/pq: the unnamed statement across Sync, statements by name, runtime parameters.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"

	"github.com/lib/pq"
)

func address(port, more string) string {
	return fmt.Sprintf("host=%s port=%s dbname=app user=app sslmode=disable %s", os.Getenv("PGHOST"), port, more)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func expect(what string, got, wanted interface{}) {
	if got != wanted {
		panic(fmt.Sprintf("%s: %v instead of %v", what, got, wanted))
	}
}

func state(err error) string {
	var failure *pq.Error
	if errors.As(err, &failure) {
		return string(failure.Code)
	}
	return fmt.Sprint(err)
}

type querier interface {
	QueryRowContext(context.Context, string, ...interface{}) *sql.Row
}

func value(client querier, text string, parameters ...interface{}) string {
	var result string
	check(client.QueryRowContext(context.Background(), text, parameters...).Scan(&result))
	return result
}

func main() {
	background := context.Background()
	var clients []*sql.Conn
	for index := 0; index < 5; index++ {
		database, err := sql.Open("postgres", address(os.Getenv("PGPORT"), ""))
		check(err)
		client, err := database.Conn(background)
		check(err)
		clients = append(clients, client)
	}
	for number := 0; number < 10; number++ {
		for index, client := range clients {
			expect("unnamed", value(client, "select $1::int + $2::int", number, index), fmt.Sprint(number+index))
		}
	}
	var statements []*sql.Stmt
	for index, client := range clients {
		statement, err := client.PrepareContext(background, fmt.Sprintf("select $1::int + %d", index))
		check(err)
		statements = append(statements, statement)
	}
	for number := 0; number < 5; number++ {
		for index, statement := range statements {
			var result int
			check(statement.QueryRow(number).Scan(&result))
			expect("named", result, number+index)
		}
	}
	for index, statement := range statements {
		check(statement.Close())
		for round := 0; round < 2; round++ {
			_, err := clients[index].ExecContext(background, "select 1 / $1::int", 0)
			expect("SQLSTATE", state(err), "22012")
			expect("after", value(clients[index], "select 1 / $1::int", 1), "1")
		}
		transaction, err := clients[index].BeginTx(background, &sql.TxOptions{Isolation: sql.LevelSerializable})
		check(err)
		expect("isolation", value(transaction, "show transaction_isolation"), "serializable")
		expect("in transaction", value(transaction, "select $1::text", "x"), "x")
		check(transaction.Commit())
		expect("isolation", value(clients[index], "show transaction_isolation"), "read committed")
	}
	_, err := clients[0].ExecContext(background, "set session characteristics as transaction read only")
	check(err)
	for _, client := range clients[1:] {
		expect("another's", value(client, "show transaction_read_only"), "off")
	}
	copying, err := clients[1].BeginTx(background, nil)
	check(err)
	_, err = copying.Exec("create temp table go_copy (a int) on commit drop")
	check(err)
	copyIn, err := copying.Prepare(pq.CopyIn("go_copy", "a"))
	check(err)
	for number := 0; number < 100; number++ {
		_, err = copyIn.Exec(number)
		check(err)
	}
	_, err = copyIn.Exec()
	check(err)
	check(copyIn.Close())
	expect("copied", value(copying, "select count(*) from go_copy"), "100")
	check(copying.Commit())
	own, err := sql.Open("postgres", address(os.Getenv("PGPORT"), "search_path=mine statement_timeout=7000"))
	check(err)
	for round := 0; round < 3; round++ {
		expect("search_path", value(own, "show search_path"), "mine")
		expect("statement_timeout", value(own, "show statement_timeout"), "7s")
		expect("another's", value(clients[1], "show statement_timeout"), "0")
	}
	listener := pq.NewListener(address(os.Getenv("PGPORT"), ""), 1e9, 1e10, nil)
	check(listener.Listen("go_news"))
	_, err = clients[1].ExecContext(background, "notify go_news, 'heard'")
	check(err)
	expect("heard", (<-listener.Notify).Extra, "heard")
	check(listener.Close())
	wrong, err := sql.Open("postgres", address(os.Getenv("PASSWORD_PORT"), "password=wrong"))
	check(err)
	expect("wrong password", state(wrong.Ping()), "28P01")
}
