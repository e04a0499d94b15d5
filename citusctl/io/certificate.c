#include "io/certificate.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define BEFORE_DAYS 1     /* clocks that are behind ours accept what we make, too */
#define SERIAL_BITS 127
#define NAME_MAX_BYTES 64 /* of a common name */
#define DAY_S 86400

static bool failed(Err *err, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_get_error());

	ERR_clear_error();
	return err_set(err, ERR_FAILED, "cannot %s: %s", what, why != NULL ? why : "libcrypto does not say why");
}

static bool is_address(const char *host)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

/* ---- reading ---------------------------------------------------------------- */

static BIO *open_text(const char *text)
{
	return BIO_new_mem_buf(text, (int) strlen(text));
}

/* The first certificate; NULL when there is none. */
static X509 *read_certificate(const char *text)
{
	BIO *in = open_text(text);
	X509 *certificate = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	ERR_clear_error();
	return certificate;
}

static EVP_PKEY *read_key(const char *text)
{
	BIO *in = open_text(text);
	EVP_PKEY *key = in != NULL ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;

	BIO_free(in);
	return key;
}

static int64_t left_of(const X509 *certificate)
{
	int days = 0;
	int seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1)
		return -1;
	return (int64_t) days * DAY_S + seconds;
}

bool certificate_left_s(const char *text, int64_t *left_s)
{
	X509 *certificate = read_certificate(text);

	*left_s = certificate != NULL ? left_of(certificate) : 0;
	X509_free(certificate);
	return certificate != NULL;
}

/* All certificates of the text, in a store that trusts them. */
static X509_STORE *open_store(const char *authorities)
{
	BIO *in = open_text(authorities);
	X509_STORE *store = X509_STORE_new();
	X509 *one = NULL;

	while (in != NULL && store != NULL && (one = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		X509_STORE_add_cert(store, one);
		X509_free(one);
	}
	BIO_free(in);
	ERR_clear_error();
	return store;
}

static bool expect(X509_VERIFY_PARAM *wanted, const char *host, int64_t in_s)
{
	X509_VERIFY_PARAM_set_time(wanted, time(NULL) + (time_t) in_s);
	return X509_VERIFY_PARAM_set_purpose(wanted, X509_PURPOSE_SSL_SERVER) == 1 &&
	       (is_address(host) ? X509_VERIFY_PARAM_set1_ip_asc(wanted, host) : X509_VERIFY_PARAM_set1_host(wanted, host, 0)) == 1;
}

const char *certificate_refused(const char *text, const char *authorities, const char *host, int64_t in_s)
{
	X509 *certificate = read_certificate(text);
	X509_STORE *store = open_store(authorities);
	X509_STORE_CTX *look = X509_STORE_CTX_new();
	const char *why = "there is no certificate in it";

	if (certificate != NULL && store != NULL && look != NULL && X509_STORE_CTX_init(look, store, certificate, NULL) == 1 &&
	    expect(X509_STORE_CTX_get0_param(look), host, in_s))
		why = X509_verify_cert(look) == 1 ? NULL : X509_verify_cert_error_string(X509_STORE_CTX_get_error(look));
	X509_STORE_CTX_free(look);
	X509_STORE_free(store);
	X509_free(certificate);
	ERR_clear_error();
	return why;
}

/* ---- writing ---------------------------------------------------------------- */

static const char *take_text(Arena *arena, BIO *out)
{
	char *text = NULL;
	long length = BIO_get_mem_data(out, &text);

	return length > 0 ? arena_strndup(arena, text, (size_t) length) : "";
}

const char *certificate_all(Arena *arena, const char *text, bool valid_only)
{
	BIO *in = open_text(text);
	BIO *out = BIO_new(BIO_s_mem());
	X509 *one = NULL;
	const char *all = "";

	while (in != NULL && out != NULL && (one = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		if (!valid_only || left_of(one) > 0)
			PEM_write_bio_X509(out, one);
		X509_free(one);
	}
	if (out != NULL)
		all = take_text(arena, out);
	BIO_free(in);
	BIO_free(out);
	ERR_clear_error();
	return all;
}

static EVP_PKEY *new_key(void)
{
	EVP_PKEY_CTX *how = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	if (how == NULL || EVP_PKEY_keygen_init(how) <= 0 ||
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(how, NID_X9_62_prime256v1) <= 0 || EVP_PKEY_keygen(how, &key) <= 0)
		key = NULL;
	EVP_PKEY_CTX_free(how);
	return key;
}

static bool set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	bool ok = number != NULL && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
	          BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;

	BN_free(number);
	return ok;
}

static bool add_extension(X509 *certificate, X509 *issuer, int what, const char *value)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);

	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, what, value);
	bool ok = extension != NULL && X509_add_ext(certificate, extension, -1) == 1;

	X509_EXTENSION_free(extension);
	return ok;
}

/* The name or address that clients compare with what they connect to. */
static bool add_host(X509 *certificate, const char *host)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *name = GENERAL_NAME_new();
	ASN1_STRING *value = is_address(host) ? a2i_IPADDRESS(host) : ASN1_IA5STRING_new();
	bool ok = names != NULL && name != NULL && value != NULL && (is_address(host) || ASN1_STRING_set(value, host, -1) == 1) &&
	          sk_GENERAL_NAME_push(names, name) > 0;

	if (!ok) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(name);
	} else {
		GENERAL_NAME_set0_value(name, is_address(host) ? GEN_IPADD : GEN_DNS, value);
		ok = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
	}
	GENERAL_NAMES_free(names);
	return ok;
}

static bool begin(X509 *certificate, EVP_PKEY *key, const char *name, int days)
{
	char common[NAME_MAX_BYTES + 1];

	snprintf(common, sizeof(common), "%s", name);
	return X509_set_version(certificate, 2) == 1 && set_serial(certificate) &&
	       X509_time_adj_ex(X509_getm_notBefore(certificate), -BEFORE_DAYS, 0, NULL) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, NULL) != NULL &&
	       X509_set_pubkey(certificate, key) == 1 &&
	       X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
	                                  (const unsigned char *) common, -1, -1, 0) == 1;
}

static bool make_authority(X509 *certificate, EVP_PKEY *key, const char *name, int days)
{
	return begin(certificate, key, name, days) &&
	       X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 &&
	       add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") &&
	       add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	       add_extension(certificate, certificate, NID_subject_key_identifier, "hash") &&
	       X509_sign(certificate, key, EVP_sha256()) > 0;
}

static bool make_server(X509 *certificate, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, const char *name, const char *host,
                        int days)
{
	return begin(certificate, key, name, days) && X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
	       add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
	       add_extension(certificate, issuer, NID_authority_key_identifier, "keyid") && add_host(certificate, host) &&
	       X509_sign(certificate, issuer_key, EVP_sha256()) > 0;
}

/* Key and certificate as one text. */
static const char *write_pem(Arena *arena, EVP_PKEY *key, X509 *certificate)
{
	BIO *out = BIO_new(BIO_s_mem());
	const char *text = NULL;

	if (out != NULL && PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL) == 1 &&
	    PEM_write_bio_X509(out, certificate) == 1)
		text = take_text(arena, out);
	BIO_free(out);
	return text;
}

const char *certificate_new_authority(Arena *arena, const char *name, int days, Err *err)
{
	EVP_PKEY *key = new_key();
	X509 *certificate = X509_new();
	const char *text = NULL;

	if (key != NULL && certificate != NULL && make_authority(certificate, key, name, days))
		text = write_pem(arena, key, certificate);
	if (text == NULL)
		failed(err, "make a certificate authority");
	X509_free(certificate);
	EVP_PKEY_free(key);
	return text;
}

const char *certificate_new_server(Arena *arena, const char *authority, const char *name, const char *host, int days, Err *err)
{
	EVP_PKEY *issuer_key = read_key(authority);
	X509 *issuer = read_certificate(authority);
	EVP_PKEY *key = new_key();
	X509 *certificate = X509_new();
	const char *text = NULL;

	bool usable = issuer != NULL && issuer_key != NULL && X509_check_private_key(issuer, issuer_key) == 1;

	if (usable && key != NULL && certificate != NULL && make_server(certificate, key, issuer, issuer_key, name, host, days))
		text = write_pem(arena, key, certificate);
	if (text == NULL)
		failed(err, usable ? "make a certificate" : "use the certificate authority of the cluster");
	X509_free(certificate);
	EVP_PKEY_free(key);
	X509_free(issuer);
	EVP_PKEY_free(issuer_key);
	return text;
}

bool certificate_digest(const char *text, char digest[CERTIFICATE_DIGEST_SIZE])
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	if (EVP_Digest(text, strlen(text), bytes, &size, EVP_sha256(), NULL) <= 0 || 2 * size + 1 > CERTIFICATE_DIGEST_SIZE)
		return false;
	for (unsigned i = 0; i < size; i++)
		snprintf(digest + 2 * (size_t) i, 3, "%02x", bytes[i]);
	return true;
}
