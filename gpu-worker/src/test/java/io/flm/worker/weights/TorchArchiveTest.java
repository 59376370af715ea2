package io.flm.worker.weights;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.flm.data.RandomStream;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.FloatValues;
import io.flm.worker.checkpoint.Safetensors;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files of torch.save: what torch made of a tensor is read, and nothing else is ever done. */
class TorchArchiveTest {
    static final Path MADE = Path.of("src/test/resources/io/flm/worker/weights");

    private static final String PROTOCOL = "\u0080\u0002";
    private static final String ORDERED = "ccollections\nOrderedDict\n)R";

    @TempDir
    private Path folder = Path.of("");

    static float[] floats(TensorFile file, String name) {
        float[] values = new float[(int) file.tensor(name).count()];
        file.read(name, 0, FloatBuffer.wrap(values));
        return values;
    }

    // ---- what torch wrote

    @Test
    void viewsAreWhatTorchMakesOfThem() {
        try (TensorFile views = TensorFiles.open(MADE.resolve("views.pt"));
                Safetensors expected = Safetensors.open(MADE.resolve("views.safetensors"))) {
            assertThat(expected.tensors()).hasSizeGreaterThan(10);
            expected.tensors().forEach((name, tensor) -> {
                assertThat(views.tensor(name).shape()).as(name).isEqualTo(tensor.shape());
                assertThat(floats(views, name)).as(name).isEqualTo(expected.floats(name));
            });
            assertThat(views.beside())
                    .contains(
                            "number = 3", "text = x", "nested = a dictionary of 2", "huge = 1208925819614629174706176");
        }
    }

    @Test
    void aPartOfAViewIsReadFromAnyPlaceOn() {
        try (TensorFile views = TensorFiles.open(MADE.resolve("views.pt"))) {
            for (String name : new String[] {"part", "transposed", "permuted", "expanded"}) {
                float[] all = floats(views, name);
                for (int from = 0; from < all.length; from += 7) {
                    float[] rest = new float[Math.min(5, all.length - from)];
                    views.read(name, from, FloatBuffer.wrap(rest));
                    for (int i = 0; i < rest.length; i++) {
                        assertThat(rest[i]).as("%s %d", name, from + i).isEqualTo(all[from + i]);
                    }
                }
            }
        }
    }

    @Test
    void integersAreListedAndNotReadAsFloats() {
        try (TensorFile views = TensorFiles.open(MADE.resolve("views.pt"))) {
            assertThat(views.tensor("long")).hasToString("long I64 [3]");
            assertThatThrownBy(() -> floats(views, "long"))
                    .isInstanceOf(UserException.class)
                    .hasMessageContaining("long I64 [3] holds no floats");
        }
    }

    @Test
    void whatTorchWroteBeforeItHadArchivesIsRefusedWithTheWayToConvertIt() {
        assertThatThrownBy(() -> TensorFiles.open(MADE.resolve("legacy.bin")))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("written by torch before 1.6")
                .hasMessageContaining("torch.save(torch.load(FILE");
    }

    // ---- pickles that hold code

    private static String text(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return "X" + number(bytes.length) + new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private static String number(int value) {
        ByteBuffer bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value);
        return new String(bytes.array(), StandardCharsets.ISO_8859_1);
    }

    private static byte[] bytes(String of) {
        return of.getBytes(StandardCharsets.ISO_8859_1);
    }

    private Path archive(String pickle) throws IOException {
        Map<String, byte[]> entries = new LinkedHashMap<>();
        entries.put("archive/data.pkl", bytes(pickle));
        entries.put("archive/data/0", new byte[16]);
        return zip(entries);
    }

    private Path zip(Map<String, byte[]> entries) throws IOException {
        Path file = folder.resolve("made.pt");
        try (OutputStream out = Files.newOutputStream(file);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (Map.Entry<String, byte[]> each : entries.entrySet()) {
                ZipEntry entry = new ZipEntry(each.getKey());
                CRC32 sum = new CRC32();
                sum.update(each.getValue());
                entry.setSize(each.getValue().length);
                entry.setCrc(sum.getValue());
                zip.putNextEntry(entry);
                zip.write(each.getValue());
                zip.closeEntry();
            }
        }
        return file;
    }

    private static void refused(Path file, String message) {
        assertThatThrownBy(() -> TensorFiles.open(file).close())
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "posix\nsystem",
                "os\nsystem",
                "builtins\neval",
                "builtins\nexec",
                "builtins\ngetattr",
                "subprocess\nPopen",
                "torch\nload",
                "torch.hub\nload",
                "torch._utils\n_rebuild_wrapper_subclass",
                "numpy.core.multiarray\n_reconstruct",
                "java.lang\nRuntime"
            })
    void aPickleThatCallsAnythingElseIsRefusedByNameAndRunsNothing(String function) throws IOException {
        Path touched = folder.resolve("touched");
        String call = "c" + function + "\n" + text("touch " + touched) + "\u0085R";
        String name = function.replace('\n', '.');
        refused(archive(PROTOCOL + call + "."), "its pickle makes a " + name + ",");
        refused(archive(PROTOCOL + "}" + text("state_dict") + call + "s."), "its pickle makes a " + name + ",");
        refused(archive(PROTOCOL + call.replaceFirst("R$", "\u0081") + "."), "its pickle makes a " + name + ",");
        String byStack = text(function.split("\n", -1)[0]) + text(function.split("\n", -1)[1]) + "\u0093)R.";
        refused(archive("\u0080\u0004" + byStack), "its pickle makes a " + name + ",");
        String nested = "ctorch._tensor\n_rebuild_from_type_v2\n(c" + function + "\nctorch\nTensor\n" + text("x")
                + "\u0085}tR.";
        refused(archive(PROTOCOL + nested), "its pickle makes a " + name + ",");
        assertThat(touched).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            i     | operation 0x69
            o     | operation 0x6f
            P     | operation 0x50
            ù     | operation 0xf9
            """)
    void operationsThatNoWeightsNeedAreRefused(String operation, String message) throws IOException {
        refused(archive(PROTOCOL + operation + "posix\nsystem\n."), message);
    }

    @Test
    void aStateForWhatHasNoneIsRefused() throws IOException {
        refused(archive(PROTOCOL + "cposix\nsystem\n}b."), "gives a state to what has none");
    }

    @Test
    void aClassThatIsOnlyNamedIsNoReasonToRefuse() throws IOException {
        String keyed = PROTOCOL + "}(" + text("state_dict") + "}" + text("a") + tensor(4, "K\u0004", "K\u0001") + "s"
                + text("callbacks") + "}cposix\nsystem\nK\u0001su.";
        try (TensorFile file = TensorFiles.open(archive(keyed))) {
            assertThat(file.tensors()).containsOnlyKeys("a");
            assertThat(file.beside()).containsExactly("callbacks = a dictionary of 1");
        }
    }

    // ---- pickles that are too much

    /** A tensor of values in {@code data/0}, which has 16 bytes. */
    private static String tensor(int values, String shape, String strides) {
        return "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") + "ctorch\nFloatStorage\n" + text("0")
                + text("cpu") + "J" + number(values) + "tQK\u0000(" + shape + "t(" + strides + "t\u0089" + ORDERED
                + "tR";
    }

    private static String dictionary(String tensor) {
        return PROTOCOL + "}" + text("a") + tensor + "s.";
    }

    @Test
    void aTensorMustLieWithinItsValues() throws IOException {
        String large = "\u008a\u0008\u0000\u0000\u0000\u0000\u0000\u0000\u0000@"; // 2^62
        refused(archive(dictionary(tensor(4, "K\u0002K\u0003", "K\u0003K\u0001"))), "a tensor of value 5 of 4");
        refused(archive(dictionary(tensor(4, "K\u0002", "K\u0004"))), "a tensor of value 4 of 4");
        refused(archive(dictionary(tensor(3, "K\u0003", "K\u0001"))), "which has 16 bytes, not 12");
        refused(archive(dictionary(tensor(5, "K\u0003", "K\u0001"))), "which has 16 bytes, not 20");
        refused(archive(dictionary(tensor(-1, "K\u0000", "K\u0001"))), "has -1 values");
        refused(archive(dictionary(tensor(4, large + large, "K\u0000K\u0000"))), "more values than there are numbers");
        refused(archive(dictionary(tensor(4, large, large))), "more values than there are numbers");
        refused(archive(dictionary(tensor(4, "J\u00ff\u00ff\u00ff\u00ff", "K\u0001"))), "a tensor of no shape");
        refused(archive(dictionary(tensor(4, "K\u0004", ""))), "a tensor of no shape");
        String complex = tensor(4, "K\u0004", "K\u0001").replace("FloatStorage", "ComplexFloatStorage");
        refused(archive(dictionary(complex)), "values of the unknown type torch.ComplexFloatStorage");
        String elsewhere = tensor(4, "K\u0004", "K\u0001").replace(text("0"), text("../../0"));
        refused(archive(dictionary(elsewhere)), "archive/data/../../0, which is not there");
    }

    @Test
    void valuesWithoutNumberAndWithoutEndAreRefused() throws IOException {
        refused(archive(PROTOCOL + "]".repeat(2_100_000) + "."), "more than 2000000 values");
        refused(archive(PROTOCOL + "(".repeat(2_100_000) + "."), "more than 2000000 values");
        refused(archive(PROTOCOL + "]q\u0000h\u0000a."), "holds no dictionary of tensors"); // a list in itself
        String itself = "c__torch__\nM\n)\u0081q\u0000}" + text("m") + "h\u0000sb.";
        refused(archive(PROTOCOL + itself), "nested without end");
        refused(archive(PROTOCOL + "X\u00ff\u00ff\u00ff\u007fab."), "its pickle was cut");
        refused(archive(PROTOCOL + "}]K\u0001s."), "a container as a key");
        refused(archive(PROTOCOL + "R."), "takes what it never made");
        refused(archive(PROTOCOL + "h\u0001."), "takes what it never made");
        refused(archive("\u0080\u0009."), "protocol 9");
    }

    /** Each of these asks for a copy of much that is there once, with a few bytes. */
    @Test
    void copiesAreCountedAsWhatIsMade() throws IOException {
        String list = "]q\u0001(" + "N".repeat(10_000) + "e0";
        String text = "X" + number(100_000) + "a".repeat(100_000) + "q\u00010";
        String state = "}q\u0001("
                + IntStream.range(0, 10_000)
                        .mapToObj(i -> "M" + twoBytes(i) + "N")
                        .collect(joining()) + "u0";
        refused(archive(PROTOCOL + list + copies("cbuiltins\nset\n", "h\u0001\u0085R")), "more than 2000000 values");
        refused(archive(PROTOCOL + text + copies("c_codecs\nencode\n", "h\u0001\u0085R")), "more than 2000000 values");
        refused(archive(PROTOCOL + state + copies("c__torch__\nM\n", ")\u0081h\u0001b")), "more than 2000000 values");
        String pairs = list.replace("N", "K\u0001K\u0001\u0086");
        refused(
                archive(PROTOCOL + pairs + copies("ccollections\nOrderedDict\n", "h\u0001\u0085R")),
                "more than 2000000 values");
        String of64 = "(" + "K\u0001".repeat(64) + "tq\u00010";
        String kept = "(" + text("storage") + "ctorch\nFloatStorage\n" + text("0") + text("cpu") + "K\u0004tQq\u00030";
        String arguments = "(h\u0003K\u0000h\u0001h\u0001\u0089" + ORDERED + "tq\u00040";
        refused(
                archive(PROTOCOL
                        + of64
                        + kept
                        + arguments
                        + ("ctorch._utils\n_rebuild_tensor_v2\nq\u00020" + "h\u0002h\u0004R0".repeat(20_000) + "N.")),
                "more than 2000000 values");
        String wide = tensor(4, "K\u0001".repeat(65), "K\u0001".repeat(65));
        refused(archive(dictionary(wide)), "a tensor of 65 dimensions");
        refused(archive(PROTOCOL + "N" + "\u0094".repeat(1000) + "."), "names a value more than once");
    }

    /** @param call with the function on top of the stack */
    private static String copies(String function, String call) {
        return function + "q\u00020" + ("h\u0002" + call + "0").repeat(300) + "N.";
    }

    private static String twoBytes(int value) {
        return new String(new char[] {(char) (value & 0xff), (char) (value >> 8)});
    }

    /** Saved of {@code x.conj().imag}: the sign is not among the values. */
    @Test
    void aViewThatIsNegatedAsItIsReadIsRefused() throws IOException {
        String plain = tensor(4, "K\u0004", "K\u0001");
        String negated = plain.substring(0, plain.length() - 2) + "}" + text("neg") + "\u0088stR";
        refused(archive(dictionary(negated)), "values are not those that are stored");
        try (TensorFile file = TensorFiles.open(archive(dictionary(plain.substring(0, plain.length() - 2) + "}tR")))) {
            assertThat(file.tensors()).containsOnlyKeys("a");
        }
    }

    // ---- archives

    @Test
    void whatIsCompressedIsRefusedBeforeItIsUnpacked() throws IOException {
        Path bomb = folder.resolve("bomb.pt");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(bomb))) {
            zip.putNextEntry(new ZipEntry("archive/data.pkl"));
            zip.write(new byte[32 << 20]);
            zip.closeEntry();
        }
        refused(bomb, "archive/data.pkl is compressed");
    }

    @Test
    void anArchiveOfSomethingElseIsRefused() throws IOException {
        refused(zip(Map.of("word/document.xml", new byte[3])), "a zip file without data.pkl");
        refused(zip(Map.of("a/data.pkl", new byte[17 << 20])), "which is more than 16777216");
    }

    @Test
    void entriesOutsideOfTheArchiveAreRefused() throws IOException {
        byte[] whole = Files.readAllBytes(archive(dictionary(tensor(4, "K\u0004", "K\u0001"))));
        int table = -1;
        for (int i = 0; i + 4 < whole.length && table < 0; i++) {
            table = whole[i] == 'P' && whole[i + 1] == 'K' && whole[i + 2] == 1 && whole[i + 3] == 2 ? i : -1;
        }
        assertThat(table).isPositive();
        Path file = folder.resolve("moved.pt");
        ByteBuffer moved = ByteBuffer.wrap(whole.clone()).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(file, moved.putInt(table + 42, 0x7fff_fff0).array());
        refused(file, "entry archive/data.pkl lies outside of it");
        moved = ByteBuffer.wrap(whole.clone()).order(ByteOrder.LITTLE_ENDIAN);
        Files.write(
                file,
                moved.putInt(table + 20, 1 << 30).putInt(table + 24, 1 << 30).array());
        refused(file, "entry archive/data.pkl lies outside of it");
    }

    @Test
    void aFileThatWasCutIsRefusedWhereverItWasCut() throws IOException {
        byte[] whole = Files.readAllBytes(MADE.resolve("views.pt"));
        Path cut = folder.resolve("cut.pt");
        for (int bytes = 4; bytes < whole.length; bytes += 37) {
            Files.write(cut, Arrays.copyOf(whole, bytes));
            refused(cut, "it was cut");
        }
    }

    /** A byte that fell over changes a value, or is told: it ends nothing else, and takes no memory. */
    @Test
    void aFileThatWasAlteredIsReadOrRefusedInOneLine() throws IOException {
        byte[] whole = Files.readAllBytes(MADE.resolve("views.pt"));
        RandomStream random = RandomStream.of(11, RandomStream.Purpose.CORRUPT);
        Path file = folder.resolve("altered.pt");
        int refused = 0;
        for (int i = 0; i < 2000; i++) {
            byte[] altered = whole.clone();
            for (int j = 0; j <= i % 3; j++) {
                altered[random.nextInt(whole.length)] = (byte) random.nextInt(256);
            }
            Files.write(file, altered);
            try (TensorFile tensors = TensorFiles.open(file)) {
                tensors.tensors().forEach((name, entry) -> {
                    if (FloatValues.isFloat(entry.type()) && entry.count() < 1000) {
                        floats(tensors, name);
                    }
                });
            } catch (UserException e) {
                refused++;
                assertThat(e).hasMessageStartingWith(file.toString()).hasMessageNotContaining("\n");
            }
        }
        assertThat(refused).isBetween(100, 1900);
    }
}
