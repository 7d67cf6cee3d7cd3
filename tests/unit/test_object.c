#include "tables/object.h"
#include "tables/object_brief.h"

static void
add_address(TblObject *object, const char *type, const char *value, bool primary)
{
    g_ptr_array_add(object->addresses, tbl_proxy_new(tbl_slice(type), tbl_slice(value), primary));
}

/* Everything set. */
static TblObject *
full_object(void)
{
    TblObject *object = tbl_object_new(TBL_ORIGIN_DIRECTORY, TBL_CLASS_REMOTE, "Ann Lee");

    object->id = 7;
    add_address(object, "smtp", "b.lee@north.example", false);
    add_address(object, "X400", "c=US;a= ;p=North;s=Lee;", true);
    add_address(object, "SMTP", "ann@north.example", true);
    add_address(object, "SMTP", "a.lee@north.example", false);
    object->target = tbl_proxy_new(tbl_slice("smtp"), tbl_slice("ann@far.example"), true);
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        g_autofree char *text = g_strdup_printf("text %u", i);
        tbl_object_set_text(object, (TblText)i, text);
    }
    for (guint i = 0; i < TBL_REFS_COUNT; i++) {
        for (guint j = 0; j <= i; j++)
            g_ptr_array_add(object->refs[i], g_strdup_printf("ref %u %u", i, j));
    }
    object->limit_in = 0;
    object->limit_out = G_MAXINT64;
    object->hidden = object->deliver_and_redirect = object->authenticated_only = object->disabled =
        true;
    object->created = 1700000000;
    object->dn = g_strdup("cn=Ann,dc=north,dc=example");
    g_ptr_array_add(object->other, g_strdup("Telephone"));
    g_ptr_array_add(object->other, g_strdup("+1 555"));
    return object;
}

static TblObject *
decoded(const TblObject *object, guint64 id)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    tbl_object_encode(object, bytes);
    return tbl_object_decode((TblSlice){(const char *)bytes->data, bytes->len}, id);
}

static void
test_roundtrip(void)
{
    g_autoptr(TblObject) full = full_object();
    g_autoptr(TblObject) empty = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_DL, "");
    g_autoptr(TblObject) full_back = decoded(full, 9);
    g_autoptr(TblObject) empty_back = decoded(empty, 1);

    g_assert_nonnull(full_back);
    g_assert_true(tbl_object_equal(full, full_back));
    g_assert_cmpuint(full_back->id, ==, 9);
    g_assert_nonnull(empty_back);
    g_assert_true(tbl_object_equal(empty, empty_back));
    g_assert_cmpint(empty_back->limit_in, ==, TBL_LIMIT_NONE);
    g_assert_null(empty_back->text[TBL_TEXT_ALIAS]);
}

static void
test_order(void)
{
    static const char *const expected[] = {"ann@north.example", "c=US;a= ;p=North;s=Lee;",
                                           "b.lee@north.example", "a.lee@north.example"};
    g_autoptr(TblObject) full = full_object();
    g_autoptr(TblObject) back = decoded(full, 1);

    for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
        g_assert_cmpstr(((TblProxy *)back->addresses->pdata[i])->value, ==, expected[i]);
    g_assert_cmpstr(((TblProxy *)back->addresses->pdata[2])->type, ==, "SMTP");
}

static void
test_compact(void)
{
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "ann");
    g_autoptr(GByteArray) bytes = g_byte_array_new();

    add_address(object, "SMTP", "ann@north.example", true);
    tbl_object_encode(object, bytes);
    /* Bits, length and name, count, bits and length and address: a few bytes over the text. */
    g_assert_cmpuint(bytes->len, <=, strlen("ann") + strlen("ann@north.example") + 6);
}

static void
test_equal(void)
{
    g_autoptr(TblObject) a = full_object();
    g_autoptr(TblObject) b = tbl_object_copy(a);
    TblProxy *proxy;

    g_assert_true(tbl_object_equal(a, b));
    b->id = 100;
    g_ptr_array_add(b->addresses, g_ptr_array_steal_index(b->addresses, 0));
    g_ptr_array_add(b->refs[4], g_ptr_array_steal_index(b->refs[4], 0));
    g_assert_true(tbl_object_equal(a, b));
    proxy = b->addresses->pdata[0];
    proxy->primary = !proxy->primary;
    g_assert_false(tbl_object_equal(a, b));
    proxy->primary = !proxy->primary;
    g_assert_true(tbl_object_equal(a, b));
    b->limit_in = TBL_LIMIT_NONE;
    g_assert_false(tbl_object_equal(a, b));
    b->limit_in = a->limit_in;
    tbl_object_set_text(b, TBL_TEXT_FORWARD, "");
    g_assert_null(b->text[TBL_TEXT_FORWARD]);
    g_assert_false(tbl_object_equal(a, b));
    tbl_object_set_text(b, TBL_TEXT_FORWARD, a->text[TBL_TEXT_FORWARD]);
    g_ptr_array_add(b->other, g_strdup("Telephone"));
    g_ptr_array_add(b->other, g_strdup("+1 556"));
    g_assert_false(tbl_object_equal(a, b));
    g_ptr_array_add(a->other, g_strdup("Telephone"));
    g_ptr_array_add(a->other, g_strdup("+1 555"));
    /* A multiset: twice 555 is not 555 and 556. */
    g_assert_false(tbl_object_equal(a, b));
}

static void
test_primary(void)
{
    g_autoptr(TblObject) object = full_object();

    g_assert_cmpstr(tbl_object_primary(object, "SMTP")->value, ==, "ann@north.example");
    g_assert_nonnull(tbl_object_primary(object, "X400"));
    g_assert_null(tbl_object_primary(object, "MS"));
}

static void
test_damage(void)
{
    g_autoptr(TblObject) object = full_object();
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    static const guint8 zero = 0;

    tbl_object_encode(object, bytes);
    for (guint length = 0; length < bytes->len; length++) {
        g_autofree char *cut = g_memdup(bytes->data, length);
        g_assert_null(tbl_object_decode((TblSlice){cut, length}, 1));
    }
    g_byte_array_append(bytes, &zero, 1);
    g_assert_null(tbl_object_decode((TblSlice){(const char *)bytes->data, bytes->len}, 1));
}

/* mailbox, local; name "a"; a count of addresses far over what follows. */
static void
test_count_over_the_end(void)
{
    static const char huge[] = "\x09\x01"
                               "a"
                               "\xff\xff\xff\xff\x0f";
    static const char nul[] = "\x09\x02"
                              "a\0"
                              "\x00";
    static const char unknown_class[] = "\x0d\x01"
                                        "a"
                                        "\x00";
    static const char no_origin[] = "\x01\x01"
                                    "a"
                                    "\x00";
    static const char good[] = "\x09\x01"
                               "a"
                               "\x00";
    g_autoptr(TblObject) object = tbl_object_decode((TblSlice){good, sizeof good - 1}, 1);

    g_assert_nonnull(object);
    g_assert_null(tbl_object_decode((TblSlice){huge, sizeof huge - 1}, 1));
    g_assert_null(tbl_object_decode((TblSlice){nul, sizeof nul - 1}, 1));
    g_assert_null(tbl_object_decode((TblSlice){unknown_class, sizeof unknown_class - 1}, 1));
    g_assert_null(tbl_object_decode((TblSlice){no_origin, sizeof no_origin - 1}, 1));
}

static void
test_classes(void)
{
    for (guint i = TBL_CLASS_MAILBOX; i <= TBL_CLASS_PUBLIC_FOLDER; i++)
        g_assert_cmpuint(tbl_class_from_name(tbl_class_name((TblClass)i)), ==, i);
    g_assert_cmpuint(tbl_class_from_name("Mailbox"), ==, 0);
    g_assert_cmpstr(tbl_class_name(TBL_CLASS_PUBLIC_FOLDER), ==, "public-folder");
}

/* The place of an address in the bytes is the one that encoding told. */
static void
test_find_address(void)
{
    g_autoptr(TblObject) object = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_MAILBOX, "ann");
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GArray) places = g_array_new(FALSE, FALSE, sizeof(guint32));
    guint32 place = 0;
    for (guint i = 0; i < 5; i++) {
        g_autofree char *value = g_strdup_printf("a%u@north.example", i);
        add_address(object, i == 3 ? "MS" : "SMTP", value, false);
    }
    tbl_object_encode_places(object, bytes, places);
    TblSlice slice = {(const char *)bytes->data, bytes->len};
    for (guint i = 0; i < 5; i++) {
        const TblProxy *proxy = g_ptr_array_index(object->addresses, i);
        g_assert_true(tbl_object_find_address(slice, tbl_slice(proxy->value), 5, &place));
        g_assert_cmpuint(place, ==, g_array_index(places, guint32, i));
    }
    g_assert_false(tbl_object_find_address(slice, tbl_slice("a4@north.example"), 4, &place));
    g_assert_false(tbl_object_find_address(slice, tbl_slice("b@north.example"), 5, &place));
    for (gsize cut = 0; cut < bytes->len; cut++) { /* no read over the end */
        g_autofree char *exact = g_memdup(bytes->data, (guint)cut);
        (void)tbl_object_find_address((TblSlice){exact, cut}, tbl_slice("b"), 5, &place);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/object/roundtrip", test_roundtrip);
    g_test_add_func("/object/order", test_order);
    g_test_add_func("/object/compact", test_compact);
    g_test_add_func("/object/equal", test_equal);
    g_test_add_func("/object/primary", test_primary);
    g_test_add_func("/object/damage", test_damage);
    g_test_add_func("/object/count-over-the-end", test_count_over_the_end);
    g_test_add_func("/object/find-address", test_find_address);
    g_test_add_func("/object/classes", test_classes);
    return g_test_run();
}
