/*
 * One address as a file writes it, `TYPE:value`, checked and brought to its stored spelling.
 *
 * Rules: KB Q184532 (events 230 231 232 237), Q153028 (types), Q278154 (bare SMTP addresses). Pure.
 */
#pragma once

#include "tables/address.h"

typedef struct {
    char type[TBL_PROXY_TYPE_MAX + 1]; /* upper case */
    bool lower;                        /* the file wrote the type in small letters */
    bool bare;                         /* the file wrote an SMTP address without a type */
    bool trimmed;                      /* blanks around the value were taken off */
    bool plain;                        /* the key is type and value in small ASCII letters */
    const char *value;                 /* stored spelling */
    const char *key;                   /* unique key */
    guint32 value_len, key_len;
} GifProxy;

/* The domain of an SMTP address, in its key; NULL for one of another type. */
const char *gif_proxy_domain(const GifProxy *proxy);

/* 0 with `proxy` filled, its texts in `memory`; else the event that names the fault, with `reason`
 * (a sentence, caller frees). `allow_bare`: an address without a type is SMTP. */
int gif_proxy_parse(GifProxy *proxy, TblArena *memory, TblSlice text, bool allow_bare,
                    char **reason);
