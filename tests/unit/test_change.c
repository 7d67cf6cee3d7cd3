#include "tests/unit/fixture.h"

#include "tables/change.h"

static char *
json_of(const TblObject *before, const TblObject *after)
{
    g_autoptr(GString) line = g_string_new(NULL);
    g_autoptr(TblChange) change = tbl_change_new(before, after);
    TblJson json;
    tbl_json_begin(&json, line);
    tbl_change_write_json(change, &json);
    tbl_json_end(&json);
    return g_strdup(line->str);
}

static char *
text_of(const TblObject *before, const TblObject *after)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(TblChange) change = tbl_change_new(before, after);
    tbl_change_write_text(change, text);
    return g_strdup(text->str);
}

#define assert_text(made, expected)                                                                \
    do {                                                                                           \
        g_autofree char *got_ = made;                                                              \
        g_assert_cmpstr(got_, ==, expected);                                                       \
    } while (0)

static TblObject *
ann(void)
{
    return fixture_object(TBL_CLASS_MAILBOX, "ann", "SMTP:ann@north.example",
                          "smtp:a.lee@north.example", "X400:c=DE;s=Lee", NULL);
}

static void
test_addresses(void)
{
    g_autoptr(TblObject)
        before = ann(),
        after = fixture_object(TBL_CLASS_MAILBOX, "ann", "smtp:Ann@north.example",
                               "SMTP:a.lee@north.example", "smtp:new@north.example", NULL);
    assert_text(json_of(before, after),
                "{\"type\":\"change\",\"action\":\"modify\",\"class\":\"mailbox\",\"name\":\"ann\","
                "\"added\":[\"smtp:new@north.example\"],"
                "\"removed\":[\"X400:c=DE;s=Lee\"],\"promoted\":[\"SMTP:a.lee@north.example\"]}");
    assert_text(text_of(before, after), "modify mailbox ann\n  + smtp:new@north.example\n  - "
                                        "X400:c=DE;s=Lee\n  ^ SMTP:a.lee@north.example\n");
}

static void
test_create_and_delete(void)
{
    g_autoptr(TblObject) object =
        fixture_object(TBL_CLASS_REMOTE, "far", "SMTP:far@north.example", NULL);
    object->target = tbl_proxy_new(tbl_slice("SMTP"), tbl_slice("x@far.example"), true);
    tbl_object_set_text(object, TBL_TEXT_DISPLAY, "is not shown");
    assert_text(json_of(NULL, object),
                "{\"type\":\"change\",\"action\":\"create\",\"class\":\"remote\",\"name\":\"far\","
                "\"added\":[\"SMTP:far@north.example\"],\"removed\":[],\"promoted\":[]}");
    assert_text(text_of(NULL, object),
                "create remote far\n  + SMTP:far@north.example\n  + target SMTP:x@far.example\n");
    assert_text(text_of(object, NULL),
                "delete remote far\n  - SMTP:far@north.example\n  - target SMTP:x@far.example\n");
}

static void
test_attributes(void)
{
    g_autoptr(TblObject) before = fixture_object(TBL_CLASS_DL, "team", NULL),
                         after = fixture_object(TBL_CLASS_DL, "Team", NULL);
    g_ptr_array_add(before->refs[TBL_REFS_MEMBERS], g_strdup("ann"));
    g_ptr_array_add(before->refs[TBL_REFS_MEMBERS], g_strdup("bob"));
    g_ptr_array_add(after->refs[TBL_REFS_MEMBERS], g_strdup("bob"));
    g_ptr_array_add(after->refs[TBL_REFS_MEMBERS], g_strdup("cy"));
    g_ptr_array_add(after->refs[TBL_REFS_GENERATED], g_strdup("team@ruled.example"));
    tbl_object_set_text(before, TBL_TEXT_DISPLAY, "old");
    tbl_object_set_text(after, TBL_TEXT_DISPLAY, "new\nline");
    tbl_object_set_text(after, TBL_TEXT_FORWARD, "ann");
    after->limit_in = 10;
    after->hidden = true;
    before->authenticated_only = true;
    g_ptr_array_add(after->other, g_strdup("Phone"));
    g_ptr_array_add(after->other, g_strdup("1"));
    assert_text(
        text_of(before, after),
        "modify dl Team\n  + member cy\n  - member ann\n  + generated team@ruled.example\n"
        "  - name team\n  + name Team\n  - display old\n  + display new\\x0aline\n  + forward ann\n"
        "  + limit_in 10 kB\n  + hidden yes\n  - authenticated_only yes\n  + other Phone=1\n");
    assert_text(json_of(before, after), "{\"type\":\"change\",\"action\":\"modify\",\"class\":"
                                        "\"dl\",\"name\":\"Team\",\"added\":[],"
                                        "\"removed\":[],\"promoted\":[]}");
}

static void
test_domains(void)
{
    g_autoptr(TblDomain) before = tbl_domain_new("north.example", TBL_DOMAIN_RELAY),
                         after = tbl_domain_copy(before);
    g_autoptr(GString) line = g_string_new(NULL), text = g_string_new(NULL);
    TblJson json;
    after->domain_class = TBL_DOMAIN_VIRTUAL_MAILBOX;
    after->route = g_strdup("lmtp:unix:x");
    after->expand = TBL_SWITCH_NO;
    tbl_json_begin(&json, line);
    tbl_change_write_domain_json(before, after, &json);
    tbl_json_end(&json);
    g_assert_cmpstr(line->str, ==,
                    "{\"type\":\"change\",\"action\":\"modify\",\"class\":\"domain\",\"name\":"
                    "\"north.example\",\"added\":"
                    "[\"class=virtual-mailbox\",\"route=lmtp:unix:x\",\"expand=no\"],\"removed\":["
                    "\"class=relay\"],\"promoted\":[]}");
    tbl_change_write_domain_text(NULL, before, text);
    tbl_change_write_domain_text(before, NULL, text);
    g_assert_cmpstr(text->str, ==,
                    "create domain north.example\n  + class=relay\ndelete domain north.example\n  "
                    "- class=relay\n");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/change/addresses", test_addresses);
    g_test_add_func("/change/create-and-delete", test_create_and_delete);
    g_test_add_func("/change/attributes", test_attributes);
    g_test_add_func("/change/domains", test_domains);
    return g_test_run();
}
