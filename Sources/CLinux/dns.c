// A question to the DNS by the resolver of the C library.
#define _GNU_SOURCE
#include "CLinux.h"

#include <arpa/nameser.h>
#include <resolv.h>
#include <stdlib.h>

// Makes the resolver ask these servers in place of the system's. For IPv6 it keeps pointers, which res_nclose(3) frees.
static void use_servers(res_state state, const struct sockaddr_storage *servers, int count) {
    if (count > MAXNS) count = MAXNS;
    for (int i = 0; i < MAXNS; i++) {
        free(state->_u._ext.nsaddrs[i]);
        state->_u._ext.nsaddrs[i] = NULL;
        memset(&state->nsaddr_list[i], 0, sizeof state->nsaddr_list[i]);
    }
    state->nscount = count;
    for (int i = 0; i < count; i++) {
        if (servers[i].ss_family == AF_INET) {
            memcpy(&state->nsaddr_list[i], &servers[i], sizeof state->nsaddr_list[i]);
        } else {
            state->_u._ext.nsaddrs[i] = malloc(sizeof(struct sockaddr_in6));
            if (state->_u._ext.nsaddrs[i] != NULL)
                memcpy(state->_u._ext.nsaddrs[i], &servers[i], sizeof(struct sockaddr_in6));
        }
    }
}

int clinux_dns_query(const char *name, int type, const struct sockaddr_storage *servers, int count, int timeout,
                     int attempts, unsigned char *answer, int capacity) {
    struct __res_state state;
    memset(&state, 0, sizeof state);
    if (res_ninit(&state) != 0) return -1;
    if (count > 0) {
        use_servers(&state, servers, count);
        state.retrans = timeout;
        state.retry = attempts;
    }
    int length = res_nquery(&state, name, ns_c_in, type, answer, capacity);
    res_nclose(&state);
    return length;
}
