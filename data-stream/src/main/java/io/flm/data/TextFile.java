package io.flm.data;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Files of text as people write them: in UTF-8, on Windows with a byte order mark, which belongs to no word. */
public final class TextFile {
    private static final byte[] MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

    private TextFile() {}

    /** The file without a byte order mark. */
    public static byte[] withoutMark(byte[] file) {
        boolean marked = file.length >= MARK.length && Arrays.equals(file, 0, MARK.length, MARK, 0, MARK.length);
        return marked ? Arrays.copyOfRange(file, MARK.length, file.length) : file;
    }

    /** The text of a file, without a byte order mark; what is not in UTF-8 is refused. */
    public static String utf8(byte[] file) throws CharacterCodingException {
        return StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(withoutMark(file)))
                .toString();
    }

    /** Whether the file begins as text in UTF-16 does. */
    static boolean isUtf16(byte[] file) {
        return file.length >= 2 && ((file[0] == -1 && file[1] == -2) || (file[0] == -2 && file[1] == -1));
    }
}
