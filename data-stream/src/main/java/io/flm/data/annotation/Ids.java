package io.flm.data.annotation;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** The ids of pictures in the order in which they were first met. Most are whole numbers, which take little memory. */
final class Ids {
    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,17}");

    private final LongSlots numbers = new LongSlots();
    private final Map<String, Long> texts = new HashMap<>(); // to numbers below zero

    /** The place of an id; as many as were met before the call: it is a new one. */
    int add(String id) {
        return numbers.add(
                NUMBER.matcher(id).matches()
                        ? Long.parseLong(id)
                        : texts.computeIfAbsent(id, key -> -1L - texts.size()));
    }

    /** The id of a place; all are looked at. */
    String id(int slot) {
        long number = numbers.key(slot);
        return number >= 0
                ? String.valueOf(number)
                : texts.entrySet().stream()
                        .filter(text -> text.getValue() == number)
                        .map(Map.Entry::getKey)
                        .findFirst()
                        .orElseThrow();
    }
}
