/* The numbers in the encoding of an object, shared by the files that make and read it. Part of the
 * store's format. */
#pragma once

#include "tables/object.h"

/* Bits of an encoded object's first number. */
#define OBJECT_CLASS_MASK 0x7u
#define OBJECT_ORIGIN_SHIFT 3
#define OBJECT_ORIGIN_MASK 0x3u
#define OBJECT_HIDDEN (1u << 5)
#define OBJECT_REDIRECT (1u << 6)
#define OBJECT_AUTHENTICATED (1u << 7)
#define OBJECT_DISABLED (1u << 8)
#define OBJECT_TARGET (1u << 9)
#define OBJECT_LIMIT_IN (1u << 10)
#define OBJECT_LIMIT_OUT (1u << 11)
#define OBJECT_CREATED (1u << 12)
#define OBJECT_OTHER (1u << 13)
#define OBJECT_TEXT_SHIFT 14
#define OBJECT_REFS_SHIFT (OBJECT_TEXT_SHIFT + TBL_TEXT_COUNT)
#define OBJECT_DN ((guint64)1 << (OBJECT_REFS_SHIFT + TBL_REFS_COUNT))
#define OBJECT_BITS (OBJECT_REFS_SHIFT + TBL_REFS_COUNT + 1)

/* An address begins with a number: bit 0 primary, the rest 0 (the type follows) or 1 (SMTP, nearly
 * all). */
#define PROXY_PRIMARY 1u
#define PROXY_SMTP 2u

#define SMTP "SMTP"
