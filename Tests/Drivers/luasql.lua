-- LuaSQL: simple queries; what a session holds.
local driver = require("luasql.postgres")
local environment = driver.postgres()
local address = "host=" .. os.getenv("PGHOST") .. " port=" .. os.getenv("PGPORT") .. " dbname=app user=app"
local clients = {}
for index = 1, 4 do clients[index] = assert(environment:connect(address)) end
local function value(client, sql)
  local cursor = assert(client:execute(sql))
  local result = cursor:fetch()
  cursor:close()
  return result
end
assert(clients[1]:execute("prepare p(int) as select $1 + 1"))
assert(clients[1]:execute("set search_path = mine"))
for index = 2, 4 do assert(value(clients[index], "show search_path") ~= "mine") end
for number = 1, 5 do
  assert(value(clients[1], "execute p(" .. number .. ")") == tostring(number + 1))
  for index = 2, 4 do assert(value(clients[index], "select " .. index) == tostring(index)) end
end
assert(clients[1]:execute("deallocate p"))
assert(value(clients[1], "show search_path") == "mine")
clients[2]:setautocommit(false)
assert(not clients[2]:execute("select 1/0"))
assert(clients[2]:rollback())
assert(value(clients[2], "select 7") == "7")
assert(clients[2]:commit())
