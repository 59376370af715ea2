package io.flm.worker.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Packs TorchScript source as the zip that libtorch loads: one module, its code, and its tensors. */
public final class ScriptArchive {
    private static final byte[] EMPTY_TUPLE = {(byte) 0x80, 2, ')', '.'};

    private ScriptArchive() {}

    /** Tensors of float32. */
    public interface Tensors {
        List<long[]> shapes();

        /** The values of one, row-major and little-endian. Each is asked for once, in order. */
        byte[] values(int index) throws IOException;
    }

    /**
     * A module whose attributes are {@code training = True} and {@code generator = None}.
     *
     * @param module the Python module path; for {@code flm.kernels} errors name the file {@code flm/kernels.py}
     * @param className the class in it
     * @param source the text of the module
     */
    static byte[] of(String module, String className, String source) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        ScriptPickle attributes = new ScriptPickle(module, className);
        attributes.bool("training", true);
        attributes.none("generator");
        try (ZipOutputStream zip = stored(bytes)) {
            write(zip, module, source, attributes);
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return bytes.toByteArray();
    }

    /**
     * Writes a module whose attributes are {@code training = False}, {@code weights : List[Tensor]}, and others.
     *
     * @param out is left open
     * @param attributes adds the others
     */
    public static void write(
            OutputStream out,
            String module,
            String className,
            String source,
            Tensors weights,
            Consumer<ScriptPickle> attributes)
            throws IOException {
        ScriptPickle pickle = new ScriptPickle(module, className);
        pickle.bool("training", false);
        pickle.tensors("weights", weights.shapes());
        attributes.accept(pickle);
        ZipOutputStream zip = stored(out);
        write(zip, module, source, pickle);
        for (int i = 0; i < weights.shapes().size(); i++) {
            put(zip, "archive/data/" + i, weights.values(i));
        }
        zip.finish();
    }

    private static ZipOutputStream stored(OutputStream out) {
        ZipOutputStream zip = new ZipOutputStream(out);
        zip.setMethod(ZipOutputStream.STORED);
        return zip;
    }

    private static void write(ZipOutputStream zip, String module, String source, ScriptPickle pickle)
            throws IOException {
        put(zip, "archive/data.pkl", pickle.end());
        put(zip, "archive/code/__torch__/" + module.replace('.', '/') + ".py", source.getBytes(StandardCharsets.UTF_8));
        put(zip, "archive/constants.pkl", EMPTY_TUPLE);
        put(zip, "archive/version", ascii("10\n"));
        put(zip, "archive/byteorder", ascii("little"));
    }

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.US_ASCII);
    }

    private static void put(ZipOutputStream zip, String name, byte[] data) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(data);
        ZipEntry entry = new ZipEntry(name);
        entry.setTime(0); // the same bytes whenever it is written
        entry.setSize(data.length);
        entry.setCompressedSize(data.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(data);
        zip.closeEntry();
    }
}
