package io.flm.launch.tensorboard;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class TensorBoardRecordTest {
    /** The check value of CRC32C is 0xe3069283 (RFC 3720); masked as TensorFlow's {@code crc32c.h} says. */
    @Test
    void theChecksumIsThatOfTheFormat() {
        byte[] digits = "123456789".getBytes(StandardCharsets.US_ASCII);
        int crc = 0xe3069283;
        assertThat(TensorBoardRecord.maskedCrc(digits, digits.length)).isEqualTo((crc >>> 15 | crc << 17) + 0xa282ead8);
    }

    @Test
    void aRecordLiesBetweenItsLengthAndItsChecksum() {
        byte[] frame = TensorBoardRecord.framed(new byte[] {7, 8, 9});
        assertThat(frame).hasSize(8 + 4 + 3 + 4);
        assertThat(frame).startsWith(3, 0, 0, 0, 0, 0, 0, 0);
        assertThat(new byte[] {frame[12], frame[13], frame[14]}).containsExactly(7, 8, 9);
    }

    /** 150 takes two bytes, low part first; 1.0 as a float; a negative number takes ten. */
    @Test
    void fieldsAreEncodedAsProtocolBuffersAre() {
        assertThat(new ProtoMessage().varint(1, 150).toBytes()).containsExactly(0x08, 0x96, 0x01);
        assertThat(new ProtoMessage().varint(16, -1).toBytes())
                .containsExactly(0x80, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01);
        assertThat(new ProtoMessage().number(2, 1f).toBytes()).containsExactly(0x15, 0, 0, 0x80, 0x3f);
        assertThat(new ProtoMessage().number(1, 1d).toBytes()).containsExactly(0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f);
        assertThat(new ProtoMessage().text(2, "ü").toBytes()).containsExactly(0x12, 0x02, 0xc3, 0xbc);
    }
}
