#include "gif/decision.h"

void
gif_decision_take_row(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    GifEntry *entry = decision->entry;
    decision->row = (GifRow){
        .object_class = entry->object_class, .mode = entry->mode, .name = g_strdup(entry->name)};
    gif_notes_move(plan->notes, entry->notes);
    if (entry->settled || gif_notes_failed(plan->notes)) {
        return;
    }
    if (!entry->name) {
        gif_notes_add(plan->notes, GIF_ERROR, 219, NULL, "no name: which object is meant?");
    } else if (gif_text_has_control(tbl_slice(entry->name))) {
        gif_notes_add(plan->notes, GIF_ERROR, 275, NULL,
                      "the name holds a control character or a line break");
    }
}

/* An object that is there tells its class where the file does not. */
void
gif_decision_settle_class(GifDecision *decision)
{
    const TblObject *object = decision->object;
    GifEntry *entry = decision->entry;
    if (!object && entry->unknown_is_stranger && entry->mode != GIF_MODE_DELETE) {
        gif_notes_add(decision->plan->notes, GIF_INFO, GIF_CODE_NO_RECIPIENT, NULL,
                      "no recipient: it has no mail attribute; left alone");
        entry->settled = true;
    }
    if (!object || decision->entry->certainty == GIF_CERTAIN) {
        return;
    }
    bool person =
        object->object_class == TBL_CLASS_MAILBOX || object->object_class == TBL_CLASS_REMOTE;
    if (person || decision->entry->certainty == GIF_UNCERTAIN) {
        decision->row.object_class = object->object_class;
    }
}

void
gif_decision_take_cells(GifDecision *decision)
{
    GifPlan *plan = decision->plan;
    const GifEntry *entry = decision->entry;
    for (guint i = 0; i < plan->schema->count; i++) {
        plan->cell[i] = (GifCell){.kind = GIF_CELL_BLANK};
    }
    for (guint i = 0; i < entry->cells->len; i++) {
        const GifEntryCell *from = &g_array_index(entry->cells, GifEntryCell, i);
        GifCell *cell = &plan->cell[from->column];
        *cell = (GifCell){.kind = from->kind, .quiet = from->quiet, .replace = from->replace};
        for (guint v = 0; v < from->count; v++) {
            gif_lexer_push(plan->lexer, cell,
                           g_array_index(entry->values, TblSlice, from->first + v));
        }
    }
}
