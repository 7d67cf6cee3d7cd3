/* Any bytes are a plan file or an error; its records are compared with a store and taken into a
 * draft without harm, whatever they say. The check sum is left out, or nothing would come so far.
 */
#include "gif/plan_file.h"
#include "tables/command.h"

#include "tests/unit/fixture.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One store for all inputs, which nothing changes. */
static Fixture *
store_get(void)
{
    static Fixture *fixture;
    if (!fixture) {
        fixture = fixture_world("");
        (void)fixture_commit(fixture);
    }
    return fixture;
}

/* What was read is written so that it reads the same. */
static void
check_header(const GifPlanHeader *header)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    g_autoptr(GByteArray) again = g_byte_array_new();
    gif_plan_header_encode(header, bytes);
    g_autoptr(GifPlanHeader) copy =
        gif_plan_header_decode((TblSlice){(const char *)bytes->data, bytes->len});
    g_assert_nonnull(copy);
    gif_plan_header_encode(copy, again);
    g_assert_cmpmem(bytes->data, bytes->len, again->data, again->len);
}

static void
check_record(const TblImageRecord *record)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    TblImageRecord copy;
    gif_plan_record_encode(record, bytes);
    g_assert_true(gif_plan_record_decode((TblSlice){(const char *)bytes->data, bytes->len}, &copy));
    g_assert_true(tbl_slice_equal(copy.key, record->key));
    g_assert_true(tbl_slice_equal(copy.after, record->after));
    g_assert_cmpint(copy.changed, ==, record->changed);
}

static bool
count_change(const TblObject *before, const TblObject *after, gpointer data)
{
    g_assert_true(before || after);
    return true;
}

static void
take(GifPlanReader *reader, TblDraft *draft)
{
    const GifPlanHeader *header = gif_plan_reader_header(reader);
    g_autoptr(GError) error = NULL;
    TblImageRecord record;
    bool fits = tbl_draft_begin_image(draft, header->first_id, header->next_id, 0);
    while (gif_plan_reader_next(reader, &record, &error)) {
        check_record(&record);
        if (fits && tbl_draft_compare_record(draft, &record) != TBL_FAILED && record.changed) {
            (void)tbl_draft_load_record(draft, &record);
        }
    }
    g_assert_true(!error || error->domain == TBL_EXIT_ERROR);
    g_clear_error(&error);
    (void)tbl_draft_foreach_change(draft, count_change, NULL, &error);
    (void)tbl_draft_is_empty(draft);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    int fd = memfd_create("plan", MFD_CLOEXEC);
    g_assert_cmpint(write(fd, data, size), ==, (ssize_t)size);
    g_autoptr(GifPlanReader) reader = gif_plan_reader_new(fd, "fuzz.plan", size, &error);
    if (!reader) {
        g_assert_error(error, TBL_EXIT_ERROR, TBL_EXIT_REFUSED);
        g_assert_true(g_str_has_prefix(error->message, "fuzz.plan: "));
        return 0;
    }
    check_header(gif_plan_reader_header(reader));
    Fixture *fixture = store_get();
    g_autoptr(TblDraft) draft = tbl_draft_new(fixture->store, &error);
    g_assert_no_error(error);
    take(reader, draft);
    return 0;
}
