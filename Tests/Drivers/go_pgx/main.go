// pgx: its caches of statements and descriptions, batches, Close and Parse of a name, runtime parameters.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgconn/stmtcache"
	"github.com/jackc/pgx/v4"
)

var background = context.Background()

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
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return failure.Code
	}
	return fmt.Sprint(err)
}

func connect(mode int, capacity int) *pgx.Conn {
	config, err := pgx.ParseConfig(address(os.Getenv("PGPORT"), ""))
	check(err)
	config.BuildStatementCache = func(connection *pgconn.PgConn) stmtcache.Cache {
		return stmtcache.New(connection, mode, capacity)
	}
	client, err := pgx.ConnectConfig(background, config)
	check(err)
	return client
}

func text(client *pgx.Conn, sql string, parameters ...interface{}) string {
	var result string
	check(client.QueryRow(background, sql, parameters...).Scan(&result))
	return result
}

func main() {
	for _, mode := range []int{stmtcache.ModePrepare, stmtcache.ModeDescribe} {
		var clients []*pgx.Conn
		for index := 0; index < 5; index++ {
			clients = append(clients, connect(mode, 4))
		}
		for number := 0; number < 30; number++ {
			for index, client := range clients {
				expect("sum", text(client, fmt.Sprintf("select ($1::int + %d)::text", number%7), index), fmt.Sprint(index+number%7))
			}
		}
		for index, client := range clients {
			for round := 0; round < 3; round++ {
				_, err := client.Exec(background, "select 1 / $1::int", 0)
				expect("SQLSTATE", state(err), "22012")
				expect("quotient", text(client, "select (1 / $1::int)::text", 1), "1")
				plain := client.PgConn()
				_, err = plain.Prepare(background, "mine", fmt.Sprintf("select ($1::int * %d)::text", index), nil)
				check(err)
				named := plain.ExecPrepared(background, "mine", [][]byte{[]byte("3")}, nil, nil).Read()
				check(named.Err)
				expect("named", string(named.Rows[0][0]), fmt.Sprint(index*3))
				_, err = plain.Exec(background, "deallocate mine").ReadAll()
				check(err)
				_, err = client.Prepare(background, "mine", "select nonsense")
				expect("SQLSTATE", state(err), "42703")
			}
			batch := &pgx.Batch{}
			for number := 0; number < 50; number++ {
				batch.Queue("select ($1::int + 1)::text", number)
			}
			results := client.SendBatch(background, batch)
			for number := 0; number < 50; number++ {
				var result string
				check(results.QueryRow().Scan(&result))
				expect("batch", result, fmt.Sprint(number+1))
			}
			check(results.Close())
			transaction, err := client.BeginTx(background, pgx.TxOptions{IsoLevel: pgx.Serializable})
			check(err)
			var level string
			check(transaction.QueryRow(background, "show transaction_isolation").Scan(&level))
			expect("isolation", level, "serializable")
			check(transaction.Rollback(background))
		}
		_, err := clients[0].Exec(background, "drop table if exists pgx_changing")
		check(err)
		_, err = clients[0].Exec(background, "create table pgx_changing as select '1' as a")
		check(err)
		expect("before", text(clients[1], "select * from pgx_changing"), "1")
		_, err = clients[0].Exec(background, "alter table pgx_changing alter a type varchar(9)")
		check(err)
		var result string
		err = clients[1].QueryRow(background, "select * from pgx_changing").Scan(&result)
		if err != nil {
			expect("SQLSTATE", state(err), "0A000")
		}
		expect("after", text(clients[1], "select * from pgx_changing"), "1")
		_, err = clients[0].Exec(background, "drop table pgx_changing")
		check(err)
		rows, err := clients[2].CopyFrom(background, pgx.Identifier{"pg_temp", "nothing"}, []string{"a"}, pgx.CopyFromRows(nil))
		expect("copy", rows, int64(0))
		expect("SQLSTATE", state(err), "42P01")
		expect("after", text(clients[2], "select 'on'"), "on")
		for _, client := range clients {
			check(client.Close(background))
		}
	}
	own, err := pgx.Connect(background, address(os.Getenv("PGPORT"), "search_path=mine statement_timeout=7000"))
	check(err)
	other := connect(stmtcache.ModePrepare, 10)
	for round := 0; round < 3; round++ {
		expect("search_path", text(own, "show search_path"), "mine")
		expect("statement_timeout", text(own, "show statement_timeout"), "7s")
		expect("another's", text(other, "show statement_timeout"), "0")
	}
	_, err = pgx.Connect(background, address(os.Getenv("PASSWORD_PORT"), "password=wrong"))
	expect("wrong password", state(err), "28P01")
}
