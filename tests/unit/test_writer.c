#include "gif/writer.h"

#include "gif/ldif.h"
#include "gif/proxy.h"
#include "gif/references.h"
#include "tests/unit/fixture.h"
#include "tests/unit/gif_fixture.h"

/* Texts that a format could take for something else. */
static const char *const nasty[] = {
    "plain",
    "a,b",
    "50% off",
    "%",
    "\\",
    "\\\\x\\",
    "tail\\",
    "\"quoted\"",
    "\"",
    "line\nbreak",
    "cr\rlf\r\n",
    "~DEL",
    "~DEL<SMTP:a@b>",
    "~DELx",
    "~<x>",
    "=x",
    "=",
    "#FILE(1)",
    "#NAME?",
    "#1",
    " lead",
    "trail ",
    " ",
    "\ttab\t",
    "J\303\266rg",
    "\345\245\275",
    "a;b",
    "\\r",
    "\\n",
    "\\%",
    "~",
    "~SERVERS",
    ": colon",
    "<angle",
    "a\001b",
    "DOM\\user",
    "x\\\\\\y",
    "'",
    "Obj-Class",
    "a b",
    "%%",
};

/* As nasty, but as names and references may be: no control characters, no blank ends. */
static bool
is_name(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (g_ascii_iscntrl(*at)) {
            return false;
        }
    }
    return *text != ' ' && text[strlen(text) - 1] != ' ';
}

static const char *
some_text(void)
{
    return nasty[g_test_rand_int_range(0, G_N_ELEMENTS(nasty))];
}

/* Names may have blank ends, references not. */
static char *
some_name(guint number)
{
    static const char *const paths[] = {"cn=", "/o=", "Recipients/cn=", "//cn=", "CN=", "x/CN=y,"};
    const char *text = some_text();
    while (!is_name(text)) {
        text = some_text();
    }
    guint form = (guint)g_test_rand_int_range(0, 2 * G_N_ELEMENTS(paths));
    return form < G_N_ELEMENTS(paths) ? g_strdup_printf("%s%s%u", paths[form], text, number)
                                      : g_strdup_printf("%s%u", text, number);
}

static bool
coin(guint one_in)
{
    return g_test_rand_int_range(0, (gint32)one_in) == 0;
}

static void
add_proxy(TblObject *object, guint number, bool primary)
{
    static const char *const forms[] = {
        "SMTP:u%u@far.example",        "SMTP:\"a b%u\"@far.example",
        "SMTP:user%u%%gw@far.example", "SMTP:o'n%u=x@n.example",
        "X400:c=US;a= ;p=N\\o;s=L%u;", "CCMAIL:Lee, Ann %u at HQ 50%%",
        "NOTES:A \"B\" %u/Org@D",      "FAX:~DEL<%u>",
        "X500:/o=N/ou=E/cn=R/cn=%u",
    };
    GifProxy proxy;
    g_autofree char *reason = NULL;
    guint form = (guint)g_test_rand_int_range(0, G_N_ELEMENTS(forms));
    g_auto(GStrv) halves = g_strsplit(forms[form], "%u", 2);
    g_autofree char *text = g_strdup_printf("%s%u%s", halves[0], number, halves[1]);
    g_auto(TblArena) memory = {0};
    g_assert_cmpint(gif_proxy_parse(&proxy, &memory, tbl_slice(text), false, &reason), ==, 0);
    bool first = !tbl_object_primary(object, proxy.type);
    g_ptr_array_add(object->addresses,
                    tbl_proxy_new(tbl_slice(proxy.type), tbl_slice(proxy.value), primary && first));
}

static void
add_references(TblObject *object)
{
    for (guint which = 0; which < TBL_REFS_GENERATED; which++) {
        guint count = coin(2) ? 0 : (guint)g_test_rand_int_range(1, 5);
        if (which == TBL_REFS_MEMBERS && object->object_class != TBL_CLASS_DL) {
            continue;
        }
        for (guint i = 0; i < count; i++) {
            g_ptr_array_add(object->refs[which], some_name(i));
        }
    }
}

static void
add_others(TblObject *object)
{
    static const char *const names[] = {"Title", "Extension-Attribute-7", "Comment", "Manager"};
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        if (coin(3)) {
            g_ptr_array_add(object->other, g_strdup(names[i]));
            g_ptr_array_add(object->other, g_strdup(some_text()));
        }
    }
}

static TblObject *
some_object(guint number)
{
    g_autofree char *bare = some_name(number);
    g_autofree char *name = g_strdup_printf("%s%s", bare, coin(5) ? " " : "");
    TblClass object_class =
        (TblClass)g_test_rand_int_range(TBL_CLASS_MAILBOX, TBL_CLASS_PUBLIC_FOLDER + 1);
    TblObject *object = tbl_object_new(TBL_ORIGIN_LOCAL, object_class, name);
    for (guint i = 0; i < 5; i++) {
        if (coin(2)) {
            add_proxy(object, number * 10 + i, coin(2));
        }
    }
    if (object_class == TBL_CLASS_REMOTE) {
        add_proxy(object, number * 10 + 5, false);
        object->target = g_ptr_array_steal_index(object->addresses, object->addresses->len - 1);
        object->target->primary = true;
        if (coin(2) && !tbl_object_primary(object, object->target->type)) {
            g_ptr_array_add(object->addresses,
                            tbl_proxy_new(tbl_slice(object->target->type),
                                          tbl_slice(object->target->value), true));
        }
    }
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        g_autofree char *reference = i == TBL_TEXT_FORWARD ? some_name(0) : NULL;
        tbl_object_set_text(object, (TblText)i,
                            coin(2)     ? NULL
                            : reference ? reference
                                        : some_text());
    }
    add_references(object);
    add_others(object);
    object->hidden = coin(2);
    object->deliver_and_redirect = coin(2);
    object->authenticated_only = coin(3);
    object->limit_in = coin(2) ? TBL_LIMIT_NONE : g_test_rand_int_range(0, 100000);
    object->limit_out = coin(2) ? TBL_LIMIT_NONE : g_test_rand_int_range(0, 100000);
    return object;
}

static char *
write_file(GifWriterFormat format, const GPtrArray *objects)
{
    g_autoptr(GifWriter) writer = gif_writer_new(format);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < objects->len; i++) {
        gif_writer_survey(writer, g_ptr_array_index(objects, i));
    }
    gif_writer_begin(writer, text);
    for (guint i = 0; i < objects->len; i++) {
        gif_writer_add(writer, g_ptr_array_index(objects, i), text);
    }
    return g_string_free(text, FALSE);
}

static void
decide_gif(GifPlan *plan, const char *text, GifDiagnostics *diagnostics)
{
    GifDialect dialect = {gif_csv_sniff(tbl_slice(text), '"'), '"', '%', false};
    gif_fixture_decide(plan, diagnostics, 0, text, (GifPipelineOptions){.dialect = dialect}, NULL,
                       NULL);
}

static void
decide_ldif(GifPlan *plan, const char *text)
{
    g_autoptr(GifNotes) notes = gif_notes_new();
    g_autoptr(GifReader) reader = gif_ldif_new(tbl_slice(text), (GifReading){0}, notes);
    g_autoptr(GifEntry) entry = gif_entry_new();
    g_assert_nonnull(reader);
    gif_plan_begin_file(plan, 0, "test.ldif", (GifDialect){',', '"', '%', false},
                        gif_collector_schema(reader->collector));
    while (reader->next(reader, entry)) {
        g_assert_cmpint(gif_plan_entry(plan, entry, NULL), !=, GIF_ROW_BROKEN);
    }
}

/* Imports a text; what it said, warnings of backslashes and absent values left out. */
static char *
read_file(GifWriterFormat format, Fixture *fixture, const char *text)
{
    g_autofree char *json = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&json, &size);
    GifDiagnostics *diagnostics = gif_diagnostics_new(true, out);
    g_autoptr(GifLedger) ledger = gif_ledger_new(1);
    g_autoptr(GifPlan) plan = gif_plan_new(fixture->store, fixture_draft(fixture), fixture->config,
                                           (GifPlanOptions){0}, diagnostics, ledger);
    if (format == GIF_WRITER_GIF) {
        decide_gif(plan, text, diagnostics);
    } else {
        decide_ldif(plan, text);
    }
    g_assert_true(gif_plan_finish(plan, NULL));
    gif_diagnostics_free(diagnostics);
    fclose(out);
    GString *errors = g_string_new(NULL);
    /* Not g_strsplit: its strstr looks at all of the rest for each line under ASan. */
    const char *end = json + strlen(json), *next;
    for (const char *at = json; at < end; at = next + 1) {
        next = memchr(at, '\n', (gsize)(end - at));
        next = next ? next : end;
        g_autofree char *line = g_strndup(at, (gsize)(next - at));
        bool expected =
            strstr(line, "\"info\"") || strstr(line, "GIF0168") || strstr(line, "GIF0150");
        if (*line && !expected) {
            g_string_append_printf(errors, "%s\n", line);
        }
    }
    return g_string_free(errors, FALSE);
}

static void
check_objects(Fixture *fixture, const GPtrArray *objects)
{
    for (guint i = 0; i < objects->len; i++) {
        const TblObject *expected = g_ptr_array_index(objects, i);
        g_autoptr(TblObject) found =
            tbl_draft_find(fixture_draft(fixture), TBL_ORIGIN_LOCAL, expected->name, NULL);
        bool same = found && tbl_object_equal(expected, found);
        if (!same) {
            g_autoptr(GPtrArray) again = g_ptr_array_new();
            g_ptr_array_add(again, (gpointer)expected);
            g_autofree char *wanted = write_file(GIF_WRITER_GIF, again);
            g_test_message("wanted %s, found %s", wanted, found ? found->name : "nothing");
            if (found) {
                again->pdata[0] = found;
                g_autofree char *got = write_file(GIF_WRITER_GIF, again);
                g_test_message("got %s", got);
            }
        }
        g_assert_true(same);
    }
}

static void
check_format(GifWriterFormat format, const GPtrArray *objects)
{
    g_autoptr(Fixture) fixture = fixture_new("");
    g_autofree char *text = write_file(format, objects);
    g_autofree char *first = read_file(format, fixture, text);
    g_assert_cmpstr(first, ==, "");
    check_objects(fixture, objects);
    fixture_commit(fixture);
    g_autofree char *second = read_file(format, fixture, text);
    g_assert_cmpstr(second, ==, "");
    g_assert_true(tbl_draft_is_empty(fixture_draft(fixture)));
}

static void
check_round_trip(const GPtrArray *objects)
{
    check_format(GIF_WRITER_GIF, objects);
    check_format(GIF_WRITER_LDIF, objects);
}

static void
test_random(void)
{
    for (guint round = 0; round < 20; round++) {
        g_autoptr(GPtrArray) objects =
            g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
        for (guint i = 1; i <= 40; i++) {
            g_ptr_array_add(objects, some_object(i));
        }
        check_round_trip(objects);
    }
}

/* Each nasty text in each place. */
static void
test_each(void)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
    for (guint i = 0; i < G_N_ELEMENTS(nasty); i++) {
        g_autofree char *name = g_strdup_printf("m%u", i);
        TblObject *object =
            tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_DL, is_name(nasty[i]) ? nasty[i] : name);
        for (guint which = 0; which < TBL_TEXT_COUNT; which++) {
            if (which != TBL_TEXT_FORWARD || is_name(nasty[i])) {
                tbl_object_set_text(object, (TblText)which, nasty[i]);
            }
        }
        for (guint which = 0; is_name(nasty[i]) && which < TBL_REFS_GENERATED; which++) {
            g_ptr_array_add(object->refs[which], g_strdup(nasty[i]));
        }
        g_ptr_array_add(objects, object);
    }
    check_round_trip(objects);
}

/* More than one row holds. */
static void
test_large(void)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
    TblObject *list = tbl_object_new(TBL_ORIGIN_LOCAL, TBL_CLASS_DL, "list");
    for (guint i = 0; i < 30000; i++) {
        g_ptr_array_add(list->refs[TBL_REFS_MEMBERS], g_strdup_printf("member %u", i));
    }
    for (guint i = 0; i < 900; i++) {
        g_autofree char *value = g_strnfill(1000, 'x');
        g_autofree char *unique = g_strdup_printf("%s%u", value, i);
        g_ptr_array_add(list->addresses,
                        tbl_proxy_new(tbl_slice("NOTES"), tbl_slice(unique), false));
    }
    for (guint i = 0; i < TBL_TEXT_COUNT; i++) {
        g_autofree char *text = g_strnfill(60000, '%');
        tbl_object_set_text(list, (TblText)i, text);
    }
    g_ptr_array_add(objects, list);
    check_round_trip(objects);
}

static void
test_header_and_rows(void)
{
    g_autoptr(GPtrArray) objects = g_ptr_array_new_with_free_func((GDestroyNotify)tbl_object_free);
    TblObject *ann = fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@n.example",
                                    "smtp:a%l@n.example", "X400:c=US;", NULL);
    tbl_object_set_text(ann, TBL_TEXT_DISPLAY, "Lee, Ann");
    tbl_object_set_text(ann, TBL_TEXT_ACCOUNT, "NORTH\\ann");
    TblObject *ext = fixture_object(TBL_CLASS_REMOTE, "ext", "smtp:ext@n.example", NULL);
    ext->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("x@far.example"), true);
    ext->hidden = true;
    g_ptr_array_add(objects, ann);
    g_ptr_array_add(objects, ext);
    g_autofree char *text = write_file(GIF_WRITER_GIF, objects);
    g_assert_cmpstr(
        text, ==,
        "Obj-Class,First Name,Last name,Display Name,Alias Name,Directory Name,"
        "Primary Windows NT Account,Home-Server,E-mail address,E-mail Addresses,Members,"
        "Obj-Container,Hide from AB,Secondary-Proxy-Addresses\r\n"
        "mailbox,,,\"Lee, "
        "Ann\",,ann,NORTH\\ann,,,\"SMTP:ann@n.example%X400:c=US;\",,,0,smtp:a\\%l@n.example\r\n"
        "remote,,,,,ext,,,SMTP:x@far.example,,,,,\r\n"
        "remote,,,,,ext,,,,~DEL<SMTP:>,,,,\r\n"
        "remote,,,,,ext,,,,,,,1,smtp:ext@n.example\r\n");
    check_round_trip(objects);
}

static void
test_ldif(void)
{
    TblObject *ann = fixture_object(TBL_CLASS_MAILBOX, "ann, the \303\244", "SMTP:ann@n.example",
                                    "smtp:al@n.example", NULL);
    tbl_object_set_text(ann, TBL_TEXT_DISPLAY, " lead");
    tbl_object_set_text(ann, TBL_TEXT_FIRST,
                        "0123456789012345678901234567890123456789012345678901234567890123456789");
    tbl_object_set_text(ann, TBL_TEXT_ACCOUNT, "NORTH\\ann");
    g_ptr_array_add(ann->refs[TBL_REFS_GENERATED], g_strdup("made@n.example"));
    ann->hidden = true;
    ann->limit_in = 0;
    g_autoptr(GifWriter) writer = gif_writer_new(GIF_WRITER_LDIF);
    g_autoptr(GString) text = g_string_new(NULL);
    gif_writer_survey(writer, ann);
    gif_writer_begin(writer, text);
    gif_writer_add(writer, ann, text);
    tbl_object_free(ann);
    g_assert_cmpstr(text->str, ==,
                    "version: 1\n\n"
                    "dn:: Y249YW5uXCwgdGhlIMOk\n"
                    "objectClass: user\n"
                    "policydName:: YW5uLCB0aGUgw6Q=\n"
                    "proxyAddresses: SMTP:ann@n.example\n"
                    "proxyAddresses: smtp:al@n.example\n"
                    "displayName:: IGxlYWQ=\n"
                    "givenName: 01234567890123456789012345678901234567890123456789012345678901234\n"
                    " 56789\n"
                    "policydAccount: NORTH\\ann\n"
                    "msExchHideFromAddressLists: TRUE\n"
                    "delivContLength: 0\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/writer/header-and-rows", test_header_and_rows);
    g_test_add_func("/writer/each", test_each);
    g_test_add_func("/writer/large", test_large);
    g_test_add_func("/writer/random", test_random);
    g_test_add_func("/writer/ldif", test_ldif);
    return g_test_run();
}
