package io.flm.data.annotation;

import java.security.SecureRandom;
import java.util.Arrays;

/**
 * Numbers in the order in which they were first met, each with its place in it: a hash table of 12 bytes an entry at half load, where
 * one of the library takes some 80.
 */
final class LongSlots {
    private static final int NONE = -1;

    private static final SecureRandom RANDOM = new SecureRandom();

    /** Odd. Nobody knows it who writes a file, or he could have all numbers of it meet at one place. The order does not depend on it. */
    private final long multiplier = RANDOM.nextLong() | 1;

    private long[] keys = new long[64];
    private int[] slots = new int[64];
    private int size;

    LongSlots() {
        Arrays.fill(slots, NONE);
    }

    /** The place of a number; as many as were met before the call: it is a new one. */
    int add(long key) {
        if (2 * size >= keys.length) {
            grow();
        }
        int at = find(keys, slots, key);
        if (slots[at] == NONE) {
            keys[at] = key;
            slots[at] = size++;
        }
        return slots[at];
    }

    /** The number of a place; all are looked at. */
    long key(int slot) {
        for (int i = 0; i < keys.length; i++) {
            if (slots[i] == slot) {
                return keys[i];
            }
        }
        throw new IndexOutOfBoundsException(slot + " of " + size);
    }

    private void grow() {
        long[] moreKeys = new long[Math.multiplyExact(keys.length, 2)];
        int[] moreSlots = new int[moreKeys.length];
        Arrays.fill(moreSlots, NONE);
        for (int i = 0; i < keys.length; i++) {
            if (slots[i] != NONE) {
                int at = find(moreKeys, moreSlots, keys[i]);
                moreKeys[at] = keys[i];
                moreSlots[at] = slots[i];
            }
        }
        keys = moreKeys;
        slots = moreSlots;
    }

    /** Where a number is, or would be. */
    private int find(long[] keys, int[] slots, long key) {
        int mask = keys.length - 1;
        long mixed = key * multiplier;
        mixed = (mixed ^ (mixed >>> 32)) * 0x9e3779b97f4a7c15L; // the golden ratio: numbers in a row lie apart
        int at = (int) (mixed >>> 32) & mask;
        while (slots[at] != NONE && keys[at] != key) {
            at = (at + 1) & mask;
        }
        return at;
    }
}
