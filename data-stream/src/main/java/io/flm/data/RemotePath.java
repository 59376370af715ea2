package io.flm.data;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files on servers, {@code https://} and {@code http://}, among the paths that users give. They travel as paths do, which fold several
 * slashes into one: {@code https:/host/a.tar} is {@code https://host/a.tar} again where somebody reads it. Two slashes side by side
 * behind the host cannot be said but as {@code %2F}.
 *
 * <p>What follows a question mark may be a signature that lets its holder in, so it is shown to nobody.
 */
public final class RemotePath {
    private static final Pattern URL = Pattern.compile("(?is)(https?):/+(.*)");

    private RemotePath() {}

    /** Whether a path stands for a file on a server. */
    public static boolean isRemote(Path path) {
        return isRemote(path.toString());
    }

    /** Whether a text does. */
    public static boolean isRemote(String path) {
        return URL.matcher(path).matches();
    }

    /** A URL with both of its slashes. */
    public static String url(String path) {
        Matcher parts = URL.matcher(path);
        return parts.matches() ? parts.group(1) + "://" + parts.group(2) : path;
    }

    /**
     * The address of a remote path.
     *
     * @throws UserException where it is none that can be read from
     */
    static URI uri(Path path) {
        try {
            URI uri = new URI(url(path.toString()));
            if (uri.getPath().indexOf('\0') >= 0) {
                throw new UserException(shown(path) + ": is no URL of a file");
            }
            if (uri.getHost() == null) {
                throw new UserException(shown(path) + ": names no host; give https://host/file.tar");
            }
            if (uri.getUserInfo() != null) {
                throw new UserException(withoutQuery("https://" + uri.getHost() + uri.getPath())
                        + ": a name or password in a URL would be told to many; put a token into a file, and give it as"
                        + " flm.data.remote.token-file");
            }
            return uri;
        } catch (URISyntaxException e) {
            throw new UserException(
                    shown(path) + ": is no URL (" + e.getReason() + "); write spaces and the like as %20", e);
        }
    }

    /** How messages name a path, remote or not. */
    public static String shown(Path path) {
        return isRemote(path) ? withoutQuery(url(path.toString())) : path.toString();
    }

    /** How messages name several. */
    public static String shown(List<Path> paths) {
        return paths.stream().map(RemotePath::shown).toList().toString();
    }

    static String shown(URI uri) {
        return withoutQuery(uri.toString());
    }

    private static String withoutQuery(String url) {
        int query = url.indexOf('?');
        return query < 0 ? url : url.substring(0, query);
    }

    /** A path by which files are told from each other: of one on a server its host and its way, as they would be on a disk. */
    static Path asOnADisk(Path path) {
        return isRemote(path) ? Path.of("/" + uri(path).getHost() + uri(path).getPath()) : path;
    }

    /** The name of the file alone, as it would be called on a disk. */
    public static String name(Path path) {
        if (!isRemote(path)) {
            return String.valueOf(path.getFileName());
        }
        String whole = uri(path).getPath();
        return whole.substring(whole.lastIndexOf('/') + 1);
    }
}
