#include "gif/decision.h"

/* An object that is there tells its class where the file does not. */
bool
gif_decision_settle_class(GifDecision *decision)
{
    const TblObject *object = decision->object;
    const GifEntry *entry = decision->entry;
    if (!object && entry->unknown_is_stranger && entry->mode != GIF_MODE_DELETE) {
        gif_notes_add(decision->plan->notes, GIF_INFO, GIF_CODE_NO_RECIPIENT, NULL,
                      "no recipient: it has no mail attribute; left alone");
        return false;
    }
    if (!object || entry->certainty == GIF_CERTAIN) {
        return true;
    }
    bool person =
        object->object_class == TBL_CLASS_MAILBOX || object->object_class == TBL_CLASS_REMOTE;
    if (person || entry->certainty == GIF_UNCERTAIN) {
        decision->row.object_class = object->object_class;
    }
    return true;
}
