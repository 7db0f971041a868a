// OpenSSL as Swift sees it: its headers, and the macros that the importer cannot read as inline functions.
#pragma once

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

// TLS: what OpenSSL has as macros over SSL_ctrl, SSL_CTX_ctrl and BIO_set_flags.

static inline void openssl_ctx_set_mode(SSL_CTX *ctx, long mode) { SSL_CTX_set_mode(ctx, mode); }
static inline int openssl_ctx_set_min_version(SSL_CTX *ctx, int version) {
    return SSL_CTX_set_min_proto_version(ctx, version);
}
static inline int openssl_ctx_set_max_version(SSL_CTX *ctx, int version) {
    return SSL_CTX_set_max_proto_version(ctx, version);
}
static inline int openssl_ctx_set_groups(SSL_CTX *ctx, const char *groups) {
    return SSL_CTX_set1_groups_list(ctx, groups);
}
static inline void openssl_ctx_set_dh_auto(SSL_CTX *ctx, int on) { SSL_CTX_set_dh_auto(ctx, on); }
/// How many suites of TLS 1.3 are set: unknown names in a list are no error to OpenSSL.
static inline int openssl_ctx_tls13_suite_count(SSL_CTX *ctx) {
    STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(ctx);
    int count = 0;
    for (int i = 0; ciphers != NULL && i < sk_SSL_CIPHER_num(ciphers); i++) {
        const char *version = SSL_CIPHER_get_version(sk_SSL_CIPHER_value(ciphers, i));
        if (strcmp(version, "TLSv1.3") == 0) count++;
    }
    return count;
}
static inline void openssl_ctx_set_session_cache(SSL_CTX *ctx, long mode) {
    SSL_CTX_set_session_cache_mode(ctx, mode);
}
static inline int openssl_ctx_has_chain(SSL_CTX *ctx) {
    STACK_OF(X509) *chain = NULL;
    SSL_CTX_get0_chain_certs(ctx, &chain);
    return chain != NULL && sk_X509_num(chain) > 0;
}
static inline int openssl_ctx_build_chain(SSL_CTX *ctx) {
    return SSL_CTX_build_cert_chain(
        ctx, SSL_BUILD_CHAIN_FLAG_NO_ROOT | SSL_BUILD_CHAIN_FLAG_IGNORE_ERROR | SSL_BUILD_CHAIN_FLAG_CLEAR_ERROR);
}
/// Names the authorities that clients are asked for a certificate of; 0 where the file cannot be read.
static inline int openssl_ctx_set_client_authorities(SSL_CTX *ctx, const char *file) {
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(file);
    if (names == NULL) return 0;
    SSL_CTX_set_client_CA_list(ctx, names);
    return 1;
}
static inline int openssl_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}
static inline const char *openssl_cipher_name(const SSL *ssl) { return SSL_get_cipher_name(ssl); }
static inline void openssl_bio_clear_retry(BIO *bio) { BIO_clear_retry_flags(bio); }
static inline void openssl_bio_set_retry_read(BIO *bio) { BIO_set_retry_read(bio); }
/// No renegotiation (TLS 1.2), no compression, our order of ciphers.
static inline void openssl_ctx_set_safe_options(SSL_CTX *ctx) {
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
}
static inline void openssl_ctx_forbid_version(SSL_CTX *ctx, int version) {
    switch (version) {
    case TLS1_VERSION: SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1); break;
    case TLS1_1_VERSION: SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1_1); break;
    case TLS1_2_VERSION: SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1_2); break;
    case TLS1_3_VERSION: SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1_3); break;
    }
}
/// HMAC-SHA-256 under a key. In C, because an OSSL_PARAM keeps the pointer to its name.
static inline int openssl_mac_set_hmac_sha256(EVP_MAC_CTX *mac, const unsigned char *key, size_t size) {
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string("digest", (char *)"SHA256", 0),
        key == NULL ? OSSL_PARAM_construct_end() : OSSL_PARAM_construct_octet_string("key", (void *)key, size),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(mac, params);
}
