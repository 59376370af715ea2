package io.flm.data;

import static java.util.Map.entry;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;

/** Why a file cannot be had: the cause that the system named, not a guess. */
public final class FileErrors {
    /** How files begin that are given for tar files, and what they are. */
    private static final Map<String, String> BEGINNINGS = Map.ofEntries(
            entry("BZh", "compressed by bzip2; unpack it with bunzip2, and give the .tar"),
            entry("\u00fd7zXZ", "compressed by xz; unpack it with unxz, and give the .tar"),
            entry("(\u00b5/\u00fd", "compressed by zstd; unpack it with zstd -d, and give the .tar"),
            entry("\u0004\"M\u0018", "compressed by lz4; unpack it with lz4 -d, and give the .tar"),
            entry("PK\u0003\u0004", "a zip file; pack it anew with tar"),
            entry("7z\u00bc\u00af", "a 7z file; pack it anew with tar"),
            entry(
                    "PAR1",
                    "a Parquet file; pretraining takes it under a name that ends in .parquet, tasks take tar files"),
            entry(
                    "ARROW1",
                    "an Arrow file; pretraining takes it under a name that ends in .arrow, tasks take tar files"),
            entry("version https://git-lfs", "a pointer of Git LFS, not the file itself; fetch it with git lfs pull"),
            entry("<!DOCTYPE", "a page of HTML, not the file itself; fetch it again, and look at what the server says"),
            entry("<html", "a page of HTML, not the file itself; fetch it again, and look at what the server says"));

    private FileErrors() {}

    /** Of a shard at {@code file} that cannot be opened: one line that says what to do. */
    public static UserException opening(Path path, IOException e) {
        String file = RemotePath.shown(path);
        if (e instanceof RemoteFailure) {
            return new UserException(e.getMessage() + "; look at the server and the network", e);
        }
        if (e instanceof TarEntries.Damage) {
            String mend = e instanceof TarEntries.NoEnd
                    ? "fetch it again, or, if nothing is missing, append 1024 zero bytes to it"
                    : "fetch it again, or leave it out";
            return new UserException(file + ": not a whole tar file (" + e.getMessage() + "); " + mend, e);
        }
        String cause;
        if (e instanceof NoSuchFileException) {
            cause = file.contains("*")
                    ? "no such file; patterns are the shell's: name several by braces, as in a-{000..123}.tar, or by their folder"
                    : "no such file or folder; give other data";
        } else if (e instanceof AccessDeniedException) {
            cause = "may not be read by this user; change its permissions, or those of its folder";
        } else if (isTooManyOpen(e)) {
            cause = "this process has too many open files; raise the limit with ulimit -n";
        } else {
            cause = "cannot be read (" + reason(e) + "); look at this machine's disk";
        }
        return new UserException(file + ": " + cause, e);
    }

    /** What a file is by its first bytes that is none of a data set; empty: unknown. */
    public static String kind(Bytes bytes) throws IOException {
        ByteBuffer first = ByteBuffer.allocate((int) Math.min(32, bytes.size()));
        bytes.read(first, 0);
        String begin = new String(first.array(), StandardCharsets.ISO_8859_1);
        for (Map.Entry<String, String> known : BEGINNINGS.entrySet()) {
            if (begin.regionMatches(true, 0, known.getKey(), 0, known.getKey().length())) {
                return known.getValue();
            }
        }
        return "";
    }

    static boolean isTooManyOpen(IOException e) {
        return reason(e).toLowerCase(Locale.ROOT).contains("too many open files");
    }

    /** What the system said, without the file's name. Of the most usual errors Java has the name alone, in the message too. */
    public static String reason(IOException e) {
        if (e instanceof CharacterCodingException) {
            return "no text in UTF-8";
        }
        String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
        if (reason != null) {
            return reason;
        }
        if (e instanceof NoSuchFileException) {
            return "no such file or folder";
        }
        if (e instanceof AccessDeniedException) {
            return "permission denied";
        }
        if (e instanceof FileAlreadyExistsException) {
            return "exists already";
        }
        if (e instanceof EOFException) {
            return "cut before its end";
        }
        return e.getClass().getSimpleName();
    }
}
