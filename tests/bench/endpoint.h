#pragma once

#include <glib.h>
#include <sys/socket.h>

/* The two endpoint notations of the benchmark programs. */
typedef struct {
    struct sockaddr_storage address;
    socklen_t length;
} BenchEndpoint;

/*
 * Reads "unix:/absolute/path" or "inet:ADDRESS:PORT" with a numeric IPv4 address (the notation
 * of Postfix's socketmap_table(5) and SMTPD_POLICY_README).  Returns FALSE and sets error when
 * text is neither.
 */
gboolean bench_endpoint_parse(const char *text, BenchEndpoint *endpoint, GError **error);

/* Switches Nagle's algorithm off on a TCP socket; does nothing on any other. */
void bench_endpoint_tune(const BenchEndpoint *endpoint, int fd);
