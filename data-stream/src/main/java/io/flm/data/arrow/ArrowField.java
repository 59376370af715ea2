package io.flm.data.arrow;

import io.flm.data.PlainText;
import java.util.List;
import java.util.Locale;

/**
 * A column of a schema, or a part of one.
 *
 * @param bits of an integer
 * @param unsigned whether an integer is never below zero
 * @param dense of a union: its parts have offsets
 * @param dictionary whether its values stand elsewhere, and here are their numbers
 */
record ArrowField(
        String name,
        ArrowType type,
        int bits,
        boolean unsigned,
        boolean dense,
        boolean dictionary,
        List<ArrowField> children) {
    /** Validity, offsets, values: how many of these. */
    int buffers() {
        if (dictionary) {
            return 2;
        }
        return type == ArrowType.UNION && dense ? 2 : type.buffers();
    }

    /** As messages have it: {@code list of utf8}. */
    String shown() {
        String shown = type.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        if (type == ArrowType.INT) {
            shown += " of " + bits + " bits";
        }
        return children.isEmpty()
                ? shown
                : shown + " of "
                        + String.join(
                                ", ",
                                children.stream()
                                        .map(child -> child.shownAs(type))
                                        .toList());
    }

    private String shownAs(ArrowType parent) {
        return parent == ArrowType.STRUCT ? PlainText.of(name) : shown();
    }
}
