package io.flm.launch.tensorboard;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** A message of Protocol Buffers while it is written, field by field: as many kinds of fields as TensorBoard's events have. */
final class ProtoMessage {
    private static final int VARINT = 0;
    private static final int FIXED_64 = 1;
    private static final int LENGTH = 2;
    private static final int FIXED_32 = 5;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    ProtoMessage varint(int field, long value) {
        key(field, VARINT);
        varint(value);
        return this;
    }

    ProtoMessage number(int field, double value) {
        key(field, FIXED_64);
        littleEndian(Double.doubleToRawLongBits(value), Double.BYTES);
        return this;
    }

    ProtoMessage number(int field, float value) {
        key(field, FIXED_32);
        littleEndian(Float.floatToRawIntBits(value), Float.BYTES);
        return this;
    }

    ProtoMessage bytes(int field, byte[] value) {
        key(field, LENGTH);
        varint(value.length);
        bytes.writeBytes(value);
        return this;
    }

    ProtoMessage text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    ProtoMessage message(int field, ProtoMessage value) {
        return bytes(field, value.toBytes());
    }

    byte[] toBytes() {
        return bytes.toByteArray();
    }

    private void key(int field, int wireType) {
        varint(((long) field << 3) | wireType);
    }

    private void varint(long value) {
        long left = value;
        for (; (left & ~0x7fL) != 0; left >>>= 7) {
            bytes.write((int) ((left & 0x7f) | 0x80));
        }
        bytes.write((int) left);
    }

    private void littleEndian(long value, int count) {
        for (int i = 0; i < count; i++) {
            bytes.write((int) (value >>> (8 * i)));
        }
    }
}
