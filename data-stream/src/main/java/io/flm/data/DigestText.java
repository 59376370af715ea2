package io.flm.data;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;

/** Text that goes into a digest. It makes no string of what it is put together from: a source of shards has ten lines of it for each kilobyte of memory. */
final class DigestText {
    private static final int FULL = 1 << 16;

    private final MessageDigest digest;
    private final byte[] digits = new byte[20]; // of any long
    private byte[] bytes = new byte[2 * FULL];
    private int size;

    DigestText(MessageDigest digest) {
        this.digest = digest;
    }

    DigestText add(String text) {
        boolean ascii = true;
        room(text.length());
        for (int i = 0; i < text.length() && ascii; i++) {
            char c = text.charAt(i);
            ascii = c < 0x80;
            bytes[size + i] = (byte) c;
        }
        if (ascii) {
            size += text.length();
            return this;
        }
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        room(utf8.length);
        System.arraycopy(utf8, 0, bytes, size, utf8.length);
        size += utf8.length;
        return this;
    }

    /** A number that is not negative. */
    DigestText add(long number) {
        int from = digits.length;
        long rest = number;
        do {
            digits[--from] = (byte) ('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        room(digits.length - from);
        System.arraycopy(digits, from, bytes, size, digits.length - from);
        size += digits.length - from;
        return this;
    }

    private void room(int count) {
        if (size >= FULL) {
            end();
        }
        if (size + count > bytes.length) {
            bytes = Arrays.copyOf(bytes, size + count);
        }
    }

    /** What was added is in the digest then. */
    void end() {
        digest.update(bytes, 0, size);
        size = 0;
    }
}
