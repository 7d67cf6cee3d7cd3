/* What is shown of a created object comes out of its encoding as it does of the object. */
#include "tables/change.h"
#include "tables/object_brief.h"

#include <string.h>

#define ROUNDS 20000
#define LONGEST 2100 /* more than is shown */

/* Pieces of names and values: plain ones, and what has to be escaped in one way or another. */
static const char *const pieces[] = {"ann",
                                     "Abel, Greta 6",
                                     "12345678",
                                     "north.example",
                                     "@",
                                     "O'Neill (x)",
                                     "\"",
                                     "\\",
                                     "\n",
                                     "\t\x01",
                                     "\x7f",
                                     "M\303\274ller",
                                     "\342\200\250",
                                     "\302\205",
                                     "\342\200\256",
                                     "\360\237\230\200",
                                     "\377",
                                     "\303",
                                     "e\314\201",
                                     "\357\273\277"};

static char *
text_make(GRand *rand)
{
    GString *text = g_string_new(NULL);
    guint plain = g_rand_boolean(rand) ? 6 : G_N_ELEMENTS(pieces);
    guint count = (guint)g_rand_int_range(rand, 1, 5);
    if (g_rand_int_range(rand, 0, 100) == 0) {
        count = LONGEST / 3;
    }
    for (guint i = 0; i < count; i++) {
        g_string_append(text, pieces[g_rand_int_range(rand, 0, (gint32)plain)]);
    }
    return g_string_free(text, FALSE);
}

static TblProxy *
proxy_make(GRand *rand)
{
    static const char *const types[] = {"SMTP", "SMTP", "SMTP", "X400", "MS", "NOTES12345"};
    g_autofree char *value = text_make(rand);
    return tbl_proxy_new(tbl_slice(types[g_rand_int_range(rand, 0, G_N_ELEMENTS(types))]),
                         tbl_slice(value), g_rand_boolean(rand));
}

static void
texts_add(GRand *rand, GPtrArray *texts, guint pairs)
{
    for (guint i = pairs * (guint)g_rand_int_range(rand, 0, 3); i > 0; i--) {
        g_ptr_array_add(texts, text_make(rand));
    }
}

static TblObject *
object_make(GRand *rand)
{
    g_autofree char *name = text_make(rand);
    TblObject *object = tbl_object_new(
        TBL_ORIGIN_LOCAL,
        (TblClass)g_rand_int_range(rand, TBL_CLASS_MAILBOX, TBL_CLASS_PUBLIC_FOLDER + 1), name);
    for (guint i = (guint)g_rand_int_range(rand, 0, 7); i > 0; i--) {
        g_ptr_array_add(object->addresses, proxy_make(rand));
    }
    if (g_rand_boolean(rand)) {
        object->target = proxy_make(rand);
    }
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        g_autofree char *text = g_rand_boolean(rand) ? text_make(rand) : NULL;
        tbl_object_set_text(object, (TblText)i, text);
    }
    for (guint i = 0; i < TBL_REFS_COUNT; i++) {
        texts_add(rand, object->refs[i], 1);
    }
    texts_add(rand, object->other, 2);
    object->limit_in = g_rand_boolean(rand) ? g_rand_int_range(rand, 0, 5000) : TBL_LIMIT_NONE;
    object->limit_out = g_rand_boolean(rand) ? g_rand_int_range(rand, 0, 5000) : TBL_LIMIT_NONE;
    object->hidden = g_rand_boolean(rand);
    object->deliver_and_redirect = g_rand_boolean(rand);
    object->authenticated_only = g_rand_boolean(rand);
    object->disabled = g_rand_boolean(rand);
    object->created = g_rand_boolean(rand) ? g_rand_int(rand) : 0;
    object->dn = g_rand_boolean(rand) ? text_make(rand) : NULL;
    return object;
}

static void
expect_same(TblSlice encoded, GString *text, GString *line)
{
    g_autoptr(TblObject) object = tbl_object_decode(encoded, 1);
    g_autoptr(TblChange) change = tbl_change_new(NULL, object);
    g_autoptr(GString) slow = g_string_new(NULL);
    TblJson json;
    g_assert_nonnull(object);
    tbl_change_write_text(change, slow);
    g_string_truncate(text, 0);
    g_assert_true(tbl_change_write_created_text(encoded, text));
    g_assert_cmpstr(text->str, ==, slow->str);
    g_string_truncate(slow, 0);
    tbl_json_begin(&json, slow);
    tbl_change_write_json(change, &json);
    tbl_json_end(&json);
    g_string_truncate(line, 0);
    tbl_json_begin(&json, line);
    g_assert_true(tbl_change_write_created_json(encoded, &json));
    tbl_json_end(&json);
    g_assert_cmpstr(line->str, ==, slow->str);
}

/* Bytes that end anywhere do no harm. */
static void
write_cut(TblSlice encoded, gsize length, GString *text)
{
    g_autofree char *exact = length ? g_malloc(length) : NULL;
    if (length)
        memcpy(exact, encoded.ptr, length);
    TblSlice cut = {exact, length};
    TblJson json;
    (void)tbl_change_write_created_text(cut, text);
    tbl_json_begin(&json, text);
    (void)tbl_change_write_created_json(cut, &json);
}

static void
test_random(void)
{
    g_autoptr(GRand) rand = g_rand_new_with_seed((guint32)g_test_rand_int());
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL), line = g_string_new(NULL);
    for (guint i = 0; i < ROUNDS; i++) {
        g_autoptr(TblObject) object = object_make(rand);
        g_byte_array_set_size(bytes, 0);
        tbl_object_encode(object, bytes);
        TblSlice encoded = {(const char *)bytes->data, bytes->len};
        expect_same(encoded, text, line);
        write_cut(encoded, (gsize)g_rand_int_range(rand, 0, (gint32)bytes->len), text);
    }
}

static void
test_broken(void)
{
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_DL, "Team");
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GString) text = g_string_new(NULL);
    g_ptr_array_add(object->addresses,
                    tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("team@north.example"), true));
    tbl_object_encode(object, bytes);
    for (gsize length = 0; length < bytes->len; length++) {
        TblJson json;
        TblSlice cut = {(const char *)bytes->data, length};
        g_assert_false(tbl_change_write_created_text(cut, text));
        tbl_json_begin(&json, text);
        g_assert_false(tbl_change_write_created_json(cut, &json));
    }
}

/* Every byte, at every place of a word. */
static void
test_plain(void)
{
    for (guint length = 1; length < 40; length++) {
        for (guint at = 0; at < length; at++) {
            for (guint byte = 0; byte < 256; byte++) {
                char text[40];
                memset(text, 'x', sizeof text);
                text[at] = (char)byte;
                bool plain = byte >= ' ' && byte <= '~' && byte != '"' && byte != '\\';
                g_assert_cmpint(tbl_slice_is_plain((TblSlice){text, length}), ==, plain);
            }
        }
    }
    g_assert_true(tbl_slice_is_plain((TblSlice){NULL, 0}));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/change-text/random", test_random);
    g_test_add_func("/change-text/broken", test_broken);
    g_test_add_func("/change-text/plain", test_plain);
    return g_test_run();
}
