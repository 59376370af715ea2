package io.flm.data;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A file whose name ends in {@code .list}: a path a line, of a file, a folder, a prefix, or with braces. Lines that are empty or begin with
 * {@code #} are passed over; relative paths count from where the list lies.
 *
 * <p>One on a server names files of that very server or bucket alone: it cannot lead to files of this machine, nor to what this machine
 * alone can reach.
 */
final class ListFile {
    private static final String END = ".list";
    private static final int MOST_BYTES = 16 << 20;

    private ListFile() {}

    /**
     * A line.
     *
     * @param at {@code file:line}, for messages
     * @param path what it names
     */
    record Line(String at, Path path) {
        /** An error of what it names. */
        UserException of(UserException e) {
            return new UserException(at + ": " + e.getMessage(), e);
        }
    }

    /** Whether a path is a list by its name. */
    static boolean is(Path path) {
        return RemotePath.name(path).toLowerCase(Locale.ROOT).endsWith(END)
                && (RemotePath.isRemote(path) || !Files.isDirectory(path));
    }

    /**
     * The lines of a list on a disk.
     *
     * @throws UserException where it cannot be read, or names nothing
     */
    static List<Line> read(Path list) {
        try {
            return lines(list, TextFile.utf8(SmallFile.read(list, MOST_BYTES)));
        } catch (CharacterCodingException e) {
            throw noText(list, e);
        } catch (IOException e) {
            throw FileErrors.opening(list, e);
        }
    }

    /** Those of a list on a server. */
    static List<Line> read(Path list, RemoteFiles servers) {
        try {
            RemoteFiles.RemoteFile file = servers.open(RemotePath.uri(list));
            if (file.size() > MOST_BYTES) {
                throw new UserException(RemotePath.shown(list) + ": larger than " + MOST_BYTES
                        + " bytes, so it is no list of paths; give other data");
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.read(bytes, 0);
            return lines(list, TextFile.utf8(bytes.array()));
        } catch (CharacterCodingException e) {
            throw noText(list, e);
        } catch (IOException e) {
            throw FileErrors.opening(list, e);
        }
    }

    private static UserException noText(Path list, CharacterCodingException e) {
        return new UserException(
                RemotePath.shown(list)
                        + ": is no text in UTF-8; a .list has a path a line, so give the file another name",
                e);
    }

    private static List<Line> lines(Path list, String text) {
        List<Line> lines = new ArrayList<>();
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            String path = line.strip();
            if (!path.isEmpty() && !path.startsWith("#")) {
                String at = RemotePath.shown(list) + ":" + number;
                lines.add(new Line(at, path(list, path, at)));
            }
        }
        if (lines.isEmpty()) {
            throw new UserException(RemotePath.shown(list) + ": names nothing; give a path a line");
        }
        return lines;
    }

    private static Path path(Path list, String line, String at) {
        try {
            if (!RemotePath.isRemote(list)) {
                return RemotePath.isRemote(line)
                        ? Path.of(line)
                        : list.resolveSibling(line).normalize();
            }
            Path path = RemotePath.isRemote(line) ? Path.of(line) : Path.of(folder(list) + line);
            URI uri = RemotePath.uri(path);
            if (line.startsWith("/")
                    || !RemoteSettings.origin(uri).equals(RemoteSettings.origin(RemotePath.uri(list)))) {
                throw new UserException(PlainText.of(line) + ": a list on a server names files of that server or bucket"
                        + " alone; fetch the list, and give that");
            }
            return path;
        } catch (InvalidPathException e) {
            throw new UserException(at + ": " + PlainText.of(line) + ": is no path (" + e.getReason() + ")", e);
        } catch (UserException e) {
            throw new Line(at, list).of(e);
        }
    }

    /** The address of all that lies beside a list, without the list's signature. */
    private static String folder(Path list) {
        String url = RemotePath.isS3(list) ? RemotePath.url(list.toString()) : RemotePath.shown(list);
        return url.substring(0, url.lastIndexOf('/') + 1);
    }
}
