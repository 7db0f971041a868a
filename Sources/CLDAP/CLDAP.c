#define _GNU_SOURCE
#include "CLDAP.h"

#include <dlfcn.h>
#include <ldap.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
    __typeof__(&ldap_initialize) initialize;
    __typeof__(&ldap_set_option) set_option;
    __typeof__(&ldap_get_option) get_option;
    __typeof__(&ldap_start_tls_s) start_tls_s;
    __typeof__(&ldap_sasl_bind_s) sasl_bind_s;
    __typeof__(&ldap_search_ext_s) search_ext_s;
    __typeof__(&ldap_count_entries) count_entries;
    __typeof__(&ldap_first_entry) first_entry;
    __typeof__(&ldap_get_dn) get_dn;
    __typeof__(&ldap_msgfree) msgfree;
    __typeof__(&ldap_memfree) memfree;
    __typeof__(&ldap_dn2domain) dn2domain;
    __typeof__(&ldap_domain2hostlist) domain2hostlist;
    __typeof__(&ldap_err2string) err2string;
    __typeof__(&ldap_unbind_ext_s) unbind_ext_s;
} library;
static char load_error[256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define RESOLVE(name) ((library.name = (__typeof__(library.name))dlsym(handle, "ldap_" #name)) != NULL)

static void load(void) {
    // OpenLDAP 2.6, 2.5 and 2.4, by the names that distributions give them; what we call is the same in all.
    const char *const names[] = {"libldap.so.2", "libldap-2.5.so.0", "libldap_r-2.4.so.2"};
    void *handle = NULL;
    for (size_t i = 0; handle == NULL && i < sizeof names / sizeof *names; i++)
        handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (handle != NULL && RESOLVE(initialize) && RESOLVE(set_option) && RESOLVE(get_option) && RESOLVE(start_tls_s) &&
        RESOLVE(sasl_bind_s) && RESOLVE(search_ext_s) && RESOLVE(count_entries) && RESOLVE(first_entry) &&
        RESOLVE(get_dn) && RESOLVE(msgfree) && RESOLVE(memfree) && RESOLVE(dn2domain) && RESOLVE(domain2hostlist) &&
        RESOLVE(err2string) && RESOLVE(unbind_ext_s)) {
        // The library reads its configuration at its first call, which must not happen on two threads at once.
        int version = 0;
        library.get_option(NULL, LDAP_OPT_PROTOCOL_VERSION, &version);
        return;
    }
    const char *why = dlerror();
    snprintf(load_error, sizeof load_error, "%s", why == NULL ? "libldap cannot be loaded" : why);
}

const char *cldap_load(void) {
    pthread_once(&once, load);
    return load_error[0] == 0 ? NULL : load_error;
}

int cldap_open(const char *uris, int patience, int limit, void **connection) {
    LDAP *ldap = NULL;
    int code = library.initialize(&ldap, uris);
    if (code != LDAP_SUCCESS) return code;
    const int version = LDAP_VERSION3;
    const struct timeval connecting = {patience, 0}, answering = {limit, 0};
    if ((code = library.set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version)) != LDAP_OPT_SUCCESS ||
        (code = library.set_option(ldap, LDAP_OPT_NETWORK_TIMEOUT, &connecting)) != LDAP_OPT_SUCCESS ||
        (code = library.set_option(ldap, LDAP_OPT_TIMEOUT, &answering)) != LDAP_OPT_SUCCESS ||
        (code = library.set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF)) != LDAP_OPT_SUCCESS) {
        library.unbind_ext_s(ldap, NULL, NULL);
        return code;
    }
    *connection = ldap;
    return LDAP_SUCCESS;
}

int cldap_start_tls(void *connection) { return library.start_tls_s(connection, NULL, NULL); }

int cldap_bind(void *connection, const char *dn, const char *password, size_t size) {
    struct berval credentials = {size, (char *)password};
    return library.sasl_bind_s(connection, dn, LDAP_SASL_SIMPLE, &credentials, NULL, NULL, NULL);
}

int cldap_search(void *connection, const char *base, int scope, const char *filter, int limit, int *count, char **dn) {
    static const int scopes[] = {LDAP_SCOPE_BASE, LDAP_SCOPE_ONELEVEL, LDAP_SCOPE_SUBTREE};
    char *no_attributes[] = {(char *)LDAP_NO_ATTRS, NULL};
    struct timeval answering = {limit, 0};
    LDAPMessage *result = NULL;
    *count = 0;
    *dn = NULL;
    int code = library.search_ext_s(
        connection, base, scopes[scope], filter, no_attributes, 0, NULL, NULL, &answering, 2, &result);
    // More than we asked for, or than the server tells: that is an answer too, and never a single entry.
    const int has_more = code == LDAP_SIZELIMIT_EXCEEDED;
    if (has_more) code = LDAP_SUCCESS;
    if (code == LDAP_SUCCESS && result != NULL) {
        *count = has_more ? 2 : library.count_entries(connection, result);
        LDAPMessage *entry = *count == 1 ? library.first_entry(connection, result) : NULL;
        char *name = entry == NULL ? NULL : library.get_dn(connection, entry);
        if (name != NULL) *dn = strdup(name);
        library.memfree(name);
    }
    library.msgfree(result);
    return code;
}

int cldap_find_servers(const char *dn, char **hosts) {
    char *domain = NULL, *list = NULL;
    int code = library.dn2domain(dn, &domain);
    if (code == 0) code = domain == NULL ? LDAP_PARAM_ERROR : library.domain2hostlist(domain, &list);
    *hosts = list == NULL ? NULL : strdup(list);
    library.memfree(list);
    library.memfree(domain);
    return code;
}

void cldap_describe(void *connection, int code, char *text, size_t size) {
    char *more = NULL;
    if (connection != NULL) library.get_option(connection, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
    const int has_more = more != NULL && *more != 0;
    snprintf(text, size, "%s%s%s", library.err2string(code), has_more ? ": " : "", has_more ? more : "");
    library.memfree(more);
}

void cldap_close(void *connection) {
    if (connection != NULL) library.unbind_ext_s(connection, NULL, NULL);
}
