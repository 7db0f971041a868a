# RPostgreSQL: simple queries, parameters, temporary tables.
suppressMessages(library(RPostgreSQL))
connect <- function() dbConnect(PostgreSQL(), host = Sys.getenv("PGHOST"), port = as.integer(Sys.getenv("PGPORT")), dbname = "app", user = "app")
clients <- lapply(1:4, function(index) connect())
for (number in 1:5) for (index in 1:4) {
  got <- dbGetQuery(clients[[index]], "select $1::int + $2::int as n", c(number, index))$n
  stopifnot(got == number + index)
}
invisible(dbWriteTable(clients[[1]], "r_things", data.frame(a = 1:50), row.names = FALSE))
stopifnot(nrow(dbReadTable(clients[[2]], "r_things")) == 50)
invisible(dbRemoveTable(clients[[1]], "r_things"))
invisible(dbGetQuery(clients[[1]], "create temp table r_own as select 7 as a"))
for (index in 2:4) stopifnot(is.na(dbGetQuery(clients[[index]], "select to_regclass('r_own')::text as t")$t))
stopifnot(dbGetQuery(clients[[1]], "select a from r_own")$a == 7)
invisible(lapply(clients, dbDisconnect))
