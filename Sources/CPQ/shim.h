// libpq, for the tests and tools; the daemon itself never links it.
#pragma once

#include <libpq-fe.h>
