package io.flm.worker.torch;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Packs TorchScript source as the zip that libtorch loads: one module without parameters, and its code. */
final class ScriptArchive {
    private static final int PROTO = 0x80;
    private static final int NEWOBJ = 0x81;
    private static final int NEWTRUE = 0x88;

    private ScriptArchive() {}

    /**
     * @param module the Python module path; for {@code flm.kernels} errors name the file {@code flm/kernels.py}
     * @param className the class in it
     * @param source the text of the module
     */
    static byte[] of(String module, String className, String source) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            put(zip, "archive/data.pkl", instance("__torch__." + module, className));
            put(
                    zip,
                    "archive/code/__torch__/" + module.replace('.', '/') + ".py",
                    source.getBytes(StandardCharsets.UTF_8));
            put(zip, "archive/constants.pkl", new byte[] {(byte) PROTO, 2, ')', '.'});
            put(zip, "archive/version", ascii("10\n"));
            put(zip, "archive/byteorder", ascii("little"));
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return bytes.toByteArray();
    }

    /** The pickle of an instance whose attributes are {@code training = True} and {@code generator = None}. */
    private static byte[] instance(String module, String className) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(PROTO);
        out.write(2);
        out.writeBytes(ascii("c" + module + "\n" + className + "\n")); // GLOBAL
        out.write(')'); // EMPTY_TUPLE
        out.write(NEWOBJ);
        out.writeBytes(ascii("}(")); // EMPTY_DICT MARK
        attribute(out, "training", NEWTRUE);
        attribute(out, "generator", 'N');
        out.writeBytes(ascii("ub.")); // SETITEMS BUILD STOP
        return out.toByteArray();
    }

    private static void attribute(ByteArrayOutputStream out, String name, int value) {
        out.writeBytes(new byte[] {'X', (byte) name.length(), 0, 0, 0}); // BINUNICODE
        out.writeBytes(ascii(name));
        out.write(value);
    }

    private static byte[] ascii(String s) {
        return s.getBytes(StandardCharsets.US_ASCII);
    }

    private static void put(ZipOutputStream zip, String name, byte[] data) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(data);
        ZipEntry entry = new ZipEntry(name);
        entry.setSize(data.length);
        entry.setCompressedSize(data.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(data);
        zip.closeEntry();
    }
}
