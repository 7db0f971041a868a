// OpenLDAP's client library, loaded when it is first needed: with GnuTLS, Kerberos and SASL behind it, it costs 3 MB of resident
// memory (1.2 MB of them ours alone) that a daemon which asks no directory should not pay, nor should it demand that it is installed.
//
// Results are LDAP's codes: 0 is success, negative ones are the library's own.
#pragma once

#include <stddef.h>

/// NULL, or why the library cannot be used. Any thread may call, and must have before anything else.
const char *cldap_load(void);

/// A connection (LDAP *) to the first of some URIs, separated by blanks, that answers; nothing is sent yet. LDAPv3, referrals are
/// not followed. `patience` is how many seconds a connect may take, `limit` any other step.
int cldap_open(const char *uris, int patience, int limit, void **connection);

/// StartTLS.
int cldap_start_tls(void *connection);

/// A simple bind.
int cldap_bind(void *connection, const char *dn, const char *password, size_t size);

/// Scopes of a search.
enum cldap_scope { cldap_base = 0, cldap_one = 1, cldap_subtree = 2 };

/// Searches for entries, and copies the DN of the only one; `count` is how many there are, at most 2. The DN is to be freed.
int cldap_search(void *connection, const char *base, int scope, const char *filter, int limit, int *count, char **dn);

/// The servers of a domain by their SRV records, as `host:port` separated by blanks; to be freed.
int cldap_find_servers(const char *dn, char **hosts);

/// The text of a result, with what the server said about it, into `text`.
void cldap_describe(void *connection, int code, char *text, size_t size);

/// Closes a connection; NULL is fine.
void cldap_close(void *connection);
