/* The net changes of a draft, shown. Part of gif/preview.h. */
#include "gif/preview_state.h"

#include "gif/relay.h"
#include "gif/source.h"
#include "tables/draft_order.h"

/* Parts that may be rendered ahead: enough that nobody waits for the one who writes, few enough
 * that their lines stay in the cache. */
#define SLOTS 4
/* Rendering is bound by memory: more threads than these gain nothing. */
#define THREADS_MAX 4

/* A change that is not rendered from an encoding: where its lines belong among those of the part.
 */
typedef struct {
    guint32 change;
    gsize at;
} Gap;

/* A part of the order, rendered as far as any thread can. */
typedef struct {
    TblKeys keys;
    GString *text;
    GArray *gaps; /* Gap */
    bool broken;
} Slot;

typedef struct {
    GifPreview *preview;
    const TblOrder *order;
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

/* ---- Parts ---- */

/* Any thread. */
static void
part_make(guint part, guint slot_index, guint thread, gpointer data)
{
    Show *show = data;
    Slot *slot = &show->slots[slot_index];
    g_string_truncate(slot->text, 0);
    g_array_set_size(slot->gaps, 0);
    tbl_order_sort(show->order, part, &slot->keys);
    for (guint i = 0; i < slot->keys.items->len; i++) {
        guint32 change = g_array_index(slot->keys.items, TblKeyItem, i).number;
        TblSlice encoded = tbl_order_created(show->order, change);
        if (encoded.len == 0) {
            Gap gap = {change, slot->text->len};
            g_array_append_val(slot->gaps, gap);
            continue;
        }
        slot->broken |= !gif_totals_add_created(show->totals[thread], encoded);
        if (show->preview->options->dry_run) {
            slot->broken |= !created_append(show->preview, encoded, slot->text);
        }
    }
}

static void
text_write(const char *text, gsize length)
{
    (void)fwrite(text, 1, length, stdout); /* what fails is told at the end of the program */
}

/* A change that the slot has no lines for. False: the store failed. */
static bool
gap_fill(Show *show, guint32 change_number)
{
    GifPreview *preview = show->preview;
    g_autoptr(TblObject) before = NULL, after = NULL;
    if (!tbl_order_load(show->order, change_number, &before, &after)) {
        return false;
    }
    g_autoptr(TblChange) change = tbl_change_new(before, after);
    gif_totals_add(preview->totals, change);
    if (preview->options->dry_run) {
        change_append(preview, change, preview->text);
        text_write(preview->text->str, preview->text->len);
        g_string_truncate(preview->text, 0);
    }
    return true;
}

/* False: the store failed. */
static bool
part_report(Show *show, const Slot *slot)
{
    for (guint i = 0; i < slot->keys.items->len; i++) {
        guint32 change_number = g_array_index(slot->keys.items, TblKeyItem, i).number;
        g_autoptr(TblObject) before = NULL, after = NULL;
        if (tbl_order_created(show->order, change_number).len > 0 &&
            gif_report_count_created(show->preview->report)) {
            continue;
        }
        if (!tbl_order_load(show->order, change_number, &before, &after)) {
            return false;
        }
        g_autoptr(TblChange) change = tbl_change_new(before, after);
        change_report(show->preview, change);
    }
    return true;
}

static bool
part_use(G_GNUC_UNUSED guint part, guint slot_index, gpointer data)
{
    Show *show = data;
    const Slot *slot = &show->slots[slot_index];
    gsize at = 0;
    show->failed = slot->broken;
    for (guint i = 0; i < slot->gaps->len && !show->failed; i++) {
        const Gap *gap = &g_array_index(slot->gaps, Gap, i);
        text_write(slot->text->str + at, gap->at - at);
        at = gap->at;
        show->failed = !gap_fill(show, gap->change);
    }
    text_write(slot->text->str + at, slot->text->len - at);
    if (show->preview->report && !show->failed) {
        show->failed = !part_report(show, slot);
    }
    return !show->failed;
}

/* ---- Totals ---- */

/* One thread, in order: which domains are kept, when there are too many, depends on it. */
static bool
totals_count_anew(Show *show)
{
    GifPreview *preview = show->preview;
    TblKeys keys;
    bool good = true;
    tbl_keys_init(&keys);
    gif_totals_free(preview->totals);
    preview->totals = gif_totals_new(preview->domains);
    for (guint part = 0; part < tbl_order_parts(show->order); part++) {
        tbl_order_sort(show->order, part, &keys);
        for (guint i = 0; i < keys.items->len && good; i++) {
            guint32 change_number = g_array_index(keys.items, TblKeyItem, i).number;
            g_autoptr(TblObject) before = NULL, after = NULL;
            good = tbl_order_load(show->order, change_number, &before, &after);
            g_autoptr(TblChange) change = good ? tbl_change_new(before, after) : NULL;
            if (good) {
                gif_totals_add(preview->totals, change);
            }
        }
    }
    tbl_keys_clear(&keys);
    return good;
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
order_show(GifPreview *preview, const TblOrder *order)
{
    Show show = {.preview = preview, .order = order};
    GifRelay relay = {.parts = tbl_order_parts(order),
                      .threads = MIN(g_get_num_processors(), THREADS_MAX),
                      .slots = SLOTS,
                      .make = part_make,
                      .use = part_use,
                      .data = &show};
    for (guint i = 0; i < SLOTS; i++) {
        tbl_keys_init(&show.slots[i].keys);
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
        tbl_keys_clear(&show.slots[i].keys);
        g_string_free(show.slots[i].text, TRUE);
        g_array_unref(show.slots[i].gaps);
    }
    return good;
}

bool
gif_preview_show(GifPreview *preview, TblDraft *draft, const GifLedger *ledger, GError **error)
{
    if (!preview->options->dry_run && !preview->report) {
        return true;
    }
    TblView *view = tbl_draft_view(draft);
    preview->ledger = ledger;
    preview->domains = view->domains(view);
    preview->totals = gif_totals_new(preview->domains);
    g_autoptr(TblOrder) order = tbl_order_new(draft, error);
    if (!order) {
        return false;
    }
    if (!order_show(preview, order)) {
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
