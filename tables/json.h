/* Writing JSON, one object a line. Pure: appends to a GString. Text must be UTF-8; bytes that are
 * not become U+FFFD. */
#pragma once

#include "tables/slice.h"

#include <glib.h>

typedef struct {
    GString *out;
    bool need_comma;
} TblJson;

void tbl_json_begin(TblJson *json, GString *out);                      /* "{" */
void tbl_json_end(TblJson *json);                                      /* "}" and nothing else */
void tbl_json_text(TblJson *json, const char *key, const char *value); /* NULL value writes null */
/* A text that is made of parts. */
void tbl_json_parts(TblJson *json, const char *key, const TblSlice *parts, guint n_parts);
void tbl_json_number(TblJson *json, const char *key, gint64 value);
void tbl_json_real(TblJson *json, const char *key,
                   double value); /* three decimals, never in the locale's style */
void tbl_json_bool(TblJson *json, const char *key, bool value);
void tbl_json_null(TblJson *json, const char *key);
void tbl_json_raw(TblJson *json, const char *key,
                  const char *value); /* JSON text that this module wrote before */
void tbl_json_object_begin(TblJson *json, const char *key);
void tbl_json_object_end(TblJson *json);
void tbl_json_array_begin(TblJson *json, const char *key);
void tbl_json_array_end(TblJson *json);
/* Elements of an array: the same calls with key NULL. */

/* RFC 3339 UTC of seconds since 1970. Caller frees. */
char *tbl_json_time(gint64 seconds);
