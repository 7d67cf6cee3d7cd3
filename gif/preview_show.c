/* The net changes of a draft, shown. Part of gif/preview.h. */
#include "gif/preview_state.h"

#include "gif/relay.h"
#include "gif/source.h"
#include "tables/draft.h"

/* Parts that may be rendered ahead: enough that nobody waits for the one who writes, few enough
 * that their lines stay in the cache. */
#define SLOTS 4
/* So many changes are sorted by class and name for who reads them. More are for programs, and to
 * find each of a million objects in memory takes longer than to print it. */
#define SORTED_MAX 10000
/* Places of a part: what is known of them stays in the cache of one core. */
#define PART_SIZE 1024
/* Rendering is bound by memory: more threads than these gain nothing. */
#define THREADS_MAX 4

/* A change that is not rendered from an encoding: where its lines belong among those of the part.
 */
typedef struct {
    guint32 place;
    gsize at;
} Gap;

/* A part of the changes, rendered as far as any thread can. */
typedef struct {
    GString *text;
    GArray *gaps; /* Gap */
    bool broken;
} Slot;

typedef struct {
    GifPreview *preview;
    TblDraft *draft;
    Slot slots[SLOTS];
    GifTotals *totals[THREADS_MAX]; /* of the created objects, by thread */
    bool failed;
} Show;

/* ---- One change ---- */

static void
json_end(TblJson *json, GString *text)
{
    tbl_json_end(json);
    g_string_append_c(text, '\n');
}

static void
change_append(const GifPreview *preview, const TblChange *change, GString *text)
{
    if (preview->options->json) {
        TblJson json;
        tbl_json_begin(&json, text);
        tbl_change_write_json(change, &json);
        json_end(&json, text);
    } else {
        tbl_change_write_text(change, text);
    }
}

/* The same of a created object. False: its bytes are broken. */
static bool
created_append(const GifPreview *preview, TblSlice encoded, GString *text)
{
    TblJson json;
    if (!preview->options->json) {
        return tbl_change_write_created_text(encoded, text);
    }
    tbl_json_begin(&json, text);
    bool good = tbl_change_write_created_json(encoded, &json);
    json_end(&json, text);
    return good;
}

static void
change_report(GifPreview *preview, const TblChange *change)
{
    const TblObject *object = change->after ? change->after : change->before;
    GifLedgerRow row = {0};
    const GifSource *source = preview->ledger && gif_ledger_get(preview->ledger, object->id, &row)
                                  ? g_ptr_array_index(preview->sources, row.source)
                                  : NULL;
    gif_report_add_change(preview->report, change, source ? source->input->path : NULL, row.line);
}

static void
text_write(const char *text, gsize length)
{
    (void)fwrite(text, 1, length, stdout); /* what fails is told at the end of the program */
}

/* A change that is not rendered from an encoding. */
static void
change_tell(GifPreview *preview, const TblChange *change)
{
    gif_totals_add(preview->totals, change);
    if (preview->options->dry_run) {
        change_append(preview, change, preview->text);
        text_write(preview->text->str, preview->text->len);
        g_string_truncate(preview->text, 0);
    }
}

/* ---- Parts ---- */

static guint32
part_begin(guint part)
{
    return part * PART_SIZE;
}

static guint32
part_end(const Show *show, guint part)
{
    return MIN(part_begin(part) + PART_SIZE, tbl_draft_places(show->draft));
}

/* Any thread. */
static void
part_make(guint part, guint slot_index, guint thread, gpointer data)
{
    Show *show = data;
    Slot *slot = &show->slots[slot_index];
    g_string_truncate(slot->text, 0);
    g_array_set_size(slot->gaps, 0);
    for (guint32 place = part_begin(part); place < part_end(show, part); place++) {
        TblSlice encoded = tbl_draft_created_at(show->draft, place);
        if (encoded.len == 0) {
            Gap gap = {place, slot->text->len};
            g_array_append_val(slot->gaps, gap);
            continue;
        }
        slot->broken |= !gif_totals_add_created(show->totals[thread], encoded);
        if (show->preview->options->dry_run) {
            slot->broken |= !created_append(show->preview, encoded, slot->text);
        }
    }
}

/* Does something with the change at a place, if there is one. False: the store failed. */
static bool
change_visit(const Show *show, guint32 place,
             void (*each)(GifPreview *preview, const TblChange *change))
{
    g_autoptr(TblObject) before = NULL, after = NULL;
    if (!tbl_draft_change_at(show->draft, place, &before, &after)) {
        return false;
    }
    if (before || after) {
        g_autoptr(TblChange) change = tbl_change_new(before, after);
        each(show->preview, change);
    }
    return true;
}

/* False: the store failed. */
static bool
part_report(Show *show, guint part)
{
    for (guint32 place = part_begin(part); place < part_end(show, part); place++) {
        bool counted = tbl_draft_created_at(show->draft, place).len > 0 &&
                       gif_report_count_created(show->preview->report);
        if (!counted && !change_visit(show, place, change_report)) {
            return false;
        }
    }
    return true;
}

static bool
part_use(guint part, guint slot_index, gpointer data)
{
    Show *show = data;
    const Slot *slot = &show->slots[slot_index];
    gsize at = 0;
    show->failed = slot->broken;
    for (guint i = 0; i < slot->gaps->len && !show->failed; i++) {
        const Gap *gap = &g_array_index(slot->gaps, Gap, i);
        text_write(slot->text->str + at, gap->at - at);
        at = gap->at;
        show->failed = !change_visit(show, gap->place, change_tell);
    }
    text_write(slot->text->str + at, slot->text->len - at);
    if (show->preview->report && !show->failed) {
        show->failed = !part_report(show, part);
    }
    return !show->failed;
}

/* ---- Totals ---- */

static void
change_count(GifPreview *preview, const TblChange *change)
{
    gif_totals_add(preview->totals, change);
}

/* One thread, in order: which domains are kept, when there are too many, depends on it. */
static bool
totals_count_anew(Show *show)
{
    GifPreview *preview = show->preview;
    gif_totals_free(preview->totals);
    preview->totals = gif_totals_new(preview->domains);
    for (guint32 place = 0; place < tbl_draft_places(show->draft); place++) {
        if (!change_visit(show, place, change_count)) {
            return false;
        }
    }
    return true;
}

/* False: the store failed. */
static bool
totals_finish(Show *show)
{
    bool whole = true;
    for (guint i = 0; i < THREADS_MAX; i++) {
        whole = gif_totals_merge(show->preview->totals, show->totals[i]) && whole;
    }
    return whole || totals_count_anew(show);
}

/* ---- All ---- */

static bool
parts_show(GifPreview *preview, TblDraft *draft)
{
    Show show = {.preview = preview, .draft = draft};
    GifRelay relay = {.parts = (tbl_draft_places(draft) + PART_SIZE - 1) / PART_SIZE,
                      .threads = MIN(g_get_num_processors(), THREADS_MAX),
                      .slots = SLOTS,
                      .make = part_make,
                      .use = part_use,
                      .data = &show};
    for (guint i = 0; i < SLOTS; i++) {
        show.slots[i].text = g_string_new(NULL);
        show.slots[i].gaps = g_array_new(FALSE, FALSE, sizeof(Gap));
    }
    for (guint i = 0; i < THREADS_MAX; i++) {
        show.totals[i] = gif_totals_new(preview->domains);
    }
    bool good = gif_relay_run(&relay) && totals_finish(&show);
    for (guint i = 0; i < THREADS_MAX; i++) {
        gif_totals_free(show.totals[i]);
    }
    for (guint i = 0; i < SLOTS; i++) {
        g_string_free(show.slots[i].text, TRUE);
        g_array_unref(show.slots[i].gaps);
    }
    return good;
}

static bool
change_show(const TblObject *before, const TblObject *after, gpointer data)
{
    GifPreview *preview = data;
    g_autoptr(TblChange) change = tbl_change_new(before, after);
    change_tell(preview, change);
    if (preview->report) {
        change_report(preview, change);
    }
    return true;
}

bool
gif_preview_show(GifPreview *preview, TblDraft *draft, const GifChanges *changes,
                 const GifLedger *ledger, GError **error)
{
    if (!preview->options->dry_run && !preview->report) {
        return true;
    }
    TblView *view = tbl_draft_view(draft);
    preview->ledger = ledger;
    preview->domains = view->domains(view);
    preview->totals = gif_totals_new(preview->domains);
    if (changes->created + changes->modified + changes->deleted <= SORTED_MAX) {
        if (!tbl_draft_foreach_change(draft, change_show, preview, error)) {
            return false;
        }
    } else if (!parts_show(preview, draft)) {
        return tbl_store_set_unreadable(error);
    }
    if (preview->options->dry_run && !preview->options->json) {
        gif_conflicts_write_text(preview->conflicts, preview->text);
        gif_totals_write_text(preview->totals, preview->text);
        text_write(preview->text->str, preview->text->len);
        g_string_truncate(preview->text, 0);
    }
    return true;
}
