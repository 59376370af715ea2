package io.flm.launch.tensorboard;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** The framing of a TFRecord file: length (8 bytes), its checksum (4), the record, its checksum (4); all little-endian. */
final class TensorBoardRecord {
    private static final int MASK_DELTA = 0xa282ead8;

    private TensorBoardRecord() {}

    static byte[] framed(byte[] record) {
        ByteBuffer frame = ByteBuffer.allocate(Long.BYTES + Integer.BYTES + record.length + Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN);
        frame.putLong(record.length);
        frame.putInt(maskedCrc(frame.array(), Long.BYTES));
        frame.put(record);
        return frame.putInt(maskedCrc(record, record.length)).array();
    }

    /** CRC32C, turned and moved: a checksum of bytes that hold their own checksum would say little. */
    static int maskedCrc(byte[] bytes, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, length);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }
}
