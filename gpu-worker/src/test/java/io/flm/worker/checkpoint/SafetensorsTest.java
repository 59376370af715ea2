package io.flm.worker.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
    @TempDir
    Path folder;

    private static FlatFloats floats(float... values) {
        return FlatFloats.of(FloatBuffer.wrap(values));
    }

    private static ByteBuffer bytes(int sizeBytes) {
        return ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private Path handWritten(String header, int bodyBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        byte[] all = new byte[8 + json.length + bodyBytes];
        ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).put(json);
        return Files.write(folder.resolve("hand.safetensors"), all);
    }

    /** The bytes are the contract with other programs: length, JSON padded with spaces, little-endian values. */
    @Test
    void writesTheBytesThatTheFormatAsksFor() throws IOException {
        Path file = folder.resolve("two.safetensors");
        SafetensorsWriter.write(
                file,
                Map.of("format", "pt"),
                List.of(
                        SafetensorsWriter.Tensor.floats("b", new long[] {2, 1}, floats(9, 1.5f, -2f), 1),
                        SafetensorsWriter.Tensor.bytes(
                                "a", TensorType.U8, new long[] {3}, ByteBuffer.wrap(new byte[] {7, 8, 9}))));

        ByteBuffer read = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int headerBytes = (int) read.getLong();
        byte[] header = new byte[headerBytes];
        read.get(header);
        assertThat(new String(header, StandardCharsets.UTF_8))
                .startsWith("{\"__metadata__\":{\"format\":\"pt\"},"
                        + "\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[0,8]},"
                        + "\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[8,11]}}")
                .matches("\\{.*\\} *");
        assertThat((8 + headerBytes) % 64).isZero();
        assertThat(read.remaining()).isEqualTo(11);
        assertThat(read.getInt()).isEqualTo(0x3fc00000);
        assertThat(read.getInt()).isEqualTo(0xc0000000);
        assertThat(read.get()).isEqualTo((byte) 7);
    }

    @Test
    void readsWhatItWrote() throws IOException {
        Path file = folder.resolve("all.safetensors");
        SafetensorsWriter.write(
                file,
                Map.of("step", "12"),
                List.of(
                        SafetensorsWriter.Tensor.floats("scalar", new long[0], floats(0.1f), 0),
                        SafetensorsWriter.Tensor.floats("nothing", new long[] {0, 4}, floats(), 0),
                        SafetensorsWriter.Tensor.floats(
                                "values", new long[] {2, 2}, floats(1, Float.NaN, -0f, Float.MIN_VALUE), 0)));

        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.metadata()).containsExactly(Map.entry("step", "12"));
            assertThat(read.tensors().keySet()).containsExactly("scalar", "nothing", "values");
            assertThat(read.tensor("values").shape()).containsExactly(2, 2);
            assertThat(read.floats("scalar")).containsExactly(0.1f);
            assertThat(read.floats("nothing")).isEmpty();
            assertThat(read.floats("values")).containsExactly(1, Float.NaN, -0f, Float.MIN_VALUE);
            FloatBuffer middle = FloatBuffer.allocate(2);
            read.read("values", 2, middle);
            assertThat(middle.array()).containsExactly(-0f, Float.MIN_VALUE);
            assertThatThrownBy(() -> read.tensor("value"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("no tensor value among its 3");
        }
    }

    @ParameterizedTest
    @CsvSource({"BOOL, 1", "U8, 255", "I8, -1", "U16, 65535", "I16, -1", "U32, 4294967295", "I32, -1", "I64, -1"})
    void readsIntegersWithTheirSign(TensorType type, long expected) throws IOException {
        ByteBuffer value = bytes(type.sizeBytes());
        while (value.hasRemaining()) {
            value.put((byte) (type == TensorType.BOOL ? 1 : 255));
        }
        Path file = folder.resolve("integer.safetensors");
        SafetensorsWriter.write(
                file, Map.of(), List.of(SafetensorsWriter.Tensor.bytes("x", type, new long[] {1}, value.flip())));
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.longs("x")).containsExactly(expected);
        }
    }

    @Test
    void convertsOtherFloatsToFp32() throws IOException {
        ByteBuffer half = bytes(12);
        for (int bits : new int[] {0x3c00, 0xc000, 0x0001, 0x7c00, 0x7bff, 0x8000}) {
            half.putShort((short) bits);
        }
        ByteBuffer brain = bytes(4).putShort((short) 0x3fc0).putShort((short) 0xff80);
        ByteBuffer twice = bytes(8).putDouble(0.1);
        Path file = folder.resolve("floats.safetensors");
        SafetensorsWriter.write(
                file,
                Map.of(),
                List.of(
                        SafetensorsWriter.Tensor.bytes("half", TensorType.F16, new long[] {6}, half.flip()),
                        SafetensorsWriter.Tensor.bytes("brain", TensorType.BF16, new long[] {2}, brain.flip()),
                        SafetensorsWriter.Tensor.bytes("twice", TensorType.F64, new long[] {1}, twice.flip())));
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.floats("half")).containsExactly(1, -2, 0x1p-24f, Float.POSITIVE_INFINITY, 65504, -0f);
            assertThat(read.floats("brain")).containsExactly(1.5f, Float.NEGATIVE_INFINITY);
            assertThat(read.floats("twice")).containsExactly(0.1f);
            assertThatThrownBy(() -> read.longs("half")).hasMessageContaining("half F16 [6] holds no integers");
        }
    }

    @Test
    void streamsTensorsOfManyChunks() throws IOException {
        int count = 700_001;
        float[] values = new float[count];
        for (int index = 0; index < count; index++) {
            values[index] = index * 0.37f;
        }
        Path file = folder.resolve("long.safetensors");
        SafetensorsWriter.write(
                file, Map.of(), List.of(SafetensorsWriter.Tensor.floats("x", new long[] {count}, floats(values), 0)));
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.floats("x")).isEqualTo(values);
        }
    }

    /** The second tensor begins behind 2 GiB; the file is sparse, so it takes no room. */
    @Test
    void readsTensorsBehindTwoGibibytes() throws IOException {
        long large = (1L << 31) + 64;
        byte[] json = ("{\"x\":{\"dtype\":\"U8\",\"shape\":[" + large + "],\"data_offsets\":[0," + large + "]},"
                        + "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + large + "," + (large + 4)
                        + "]}}")
                .getBytes(StandardCharsets.UTF_8);
        Path file = folder.resolve("large.safetensors");
        try (FileChannel out = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            out.write(bytes(8).putLong(json.length).flip());
            out.write(ByteBuffer.wrap(json));
            out.write(bytes(4).putFloat(2.5f).flip(), 8 + json.length + large);
        }
        try (Safetensors read = Safetensors.open(file)) {
            assertThat(read.floats("y")).containsExactly(2.5f);
            assertThatThrownBy(() -> read.bytes("x")).hasMessageContaining("read it by slices");
        }
    }

    @Test
    void refusesAFileCutAnywhere() throws IOException {
        Path whole = folder.resolve("whole.safetensors");
        SafetensorsWriter.write(
                whole, Map.of(), List.of(SafetensorsWriter.Tensor.floats("x", new long[] {3}, floats(1, 2, 3), 0)));
        byte[] all = Files.readAllBytes(whole);
        for (int length = 0; length < all.length; length++) {
            Path cut = Files.write(folder.resolve("cut.safetensors"), Arrays.copyOf(all, length));
            assertThatThrownBy(() -> Safetensors.open(cut))
                    .as("cut to %d bytes", length)
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("cut.safetensors: no whole safetensors file: ")
                    .hasMessageNotContaining("\n");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[]",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}",
                "{\"x\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,-4]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}",
                "{\"x\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,0]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},"
                        + "\"y\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}"
            })
    void refusesAHeaderThatDoesNotDescribeTheFile(String header) throws IOException {
        Path file = handWritten(header, 4);
        assertThatThrownBy(() -> Safetensors.open(file))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("hand.safetensors: no whole safetensors file: ")
                .hasMessageNotContaining("\n");
    }

    @Test
    void refusesFilesOfOtherKindsAndMissingOnes() throws IOException {
        Path text = Files.writeString(folder.resolve("notes.txt"), "These are notes, no weights.");
        assertThatThrownBy(() -> Safetensors.open(text)).hasMessageContaining("no header length");
        Path lists = handWritten("[" + "[],".repeat(3_000_000) + "[]]", 4); // 9 MB, and each list is an object
        assertThatThrownBy(() -> Safetensors.open(lists))
                .hasMessageContaining("no header length, which is at most 8388608");
        assertThatThrownBy(() -> Safetensors.open(folder.resolve("none"))).hasMessageContaining("none: no such file");
        assertThatThrownBy(() -> Safetensors.open(folder)).isInstanceOf(UserException.class);
    }

    @Test
    void refusesToWriteATensorTwiceOrOfAnotherSize() {
        SafetensorsWriter.Tensor one = SafetensorsWriter.Tensor.floats("x", new long[] {1}, floats(1), 0);
        SafetensorsWriter.Tensor shorter =
                SafetensorsWriter.Tensor.bytes("y", TensorType.F32, new long[] {2}, ByteBuffer.allocate(4));
        Path file = folder.resolve("bad.safetensors");
        assertThatThrownBy(() -> SafetensorsWriter.write(file, Map.of(), List.of(one, one)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> SafetensorsWriter.write(file, Map.of(), List.of(shorter)))
                .hasMessageContaining("4 bytes given, 8 announced");
    }
}
