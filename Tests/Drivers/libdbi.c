/* libdbi: simple queries. */
#include <dbi/dbi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(void) {
    dbi_inst instance;
    dbi_initialize_r(NULL, &instance);
    dbi_conn clients[4];
    for (int index = 0; index < 4; index++) {
        clients[index] = dbi_conn_new_r("pgsql", instance);
        dbi_conn_set_option(clients[index], "host", getenv("PGHOST"));
        dbi_conn_set_option_numeric(clients[index], "port", atoi(getenv("PGPORT")));
        dbi_conn_set_option(clients[index], "username", "app");
        dbi_conn_set_option(clients[index], "dbname", "app");
        if (dbi_conn_connect(clients[index]) < 0) return 1;
    }
    for (int number = 0; number < 5; number++)
        for (int index = 0; index < 4; index++) {
            dbi_result result = dbi_conn_queryf(clients[index], "select %d + %d as n", number, index);
            if (!result || !dbi_result_next_row(result) || dbi_result_get_int(result, "n") != number + index) return 2;
            dbi_result_free(result);
        }
    for (int index = 0; index < 4; index++) dbi_conn_close(clients[index]);
    dbi_shutdown_r(instance);
    return 0;
}
