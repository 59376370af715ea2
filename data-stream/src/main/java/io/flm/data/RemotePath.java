package io.flm.data;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files on servers, {@code https://}, {@code http://} and {@code s3://}, among the paths that users give. They travel as paths do, which
 * fold several slashes into one, and lose one at their end: {@code https:/host/a.tar} is {@code https://host/a.tar} again where somebody
 * reads it. Two slashes side by side behind the host cannot be said but as {@code %2F}.
 *
 * <p>What follows a question mark may be a signature that lets its holder in, so it is shown to nobody. Behind {@code s3://} come a bucket
 * and a key as it is: question marks, blanks and {@code %} are letters of it.
 */
public final class RemotePath {
    private static final Pattern URL = Pattern.compile("(?is)(https?|s3):/+(.*)");
    private static final Pattern S3 = Pattern.compile("(?is)s3:/+([^/]*)/*(.*)");

    /** Buckets, also those of stores that are less strict than Amazon's. Nothing of it can lead to another host, or to an account. */
    private static final Pattern BUCKET = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{1,254}");

    private static final Pattern QUERY = Pattern.compile("(?i)(https?:/+[^\\s\"?]+)\\?[^\\s\"]*");

    private static final int MOST_SHOWN = 8;

    private RemotePath() {}

    /** Whether a path stands for a file on a server. */
    public static boolean isRemote(Path path) {
        return isRemote(path.toString());
    }

    /** Whether a text does. */
    public static boolean isRemote(String path) {
        return URL.matcher(path).matches();
    }

    /** Whether a path stands for an object, or a part, of a bucket of S3. */
    static boolean isS3(Path path) {
        return S3.matcher(path.toString()).matches();
    }

    static boolean isS3(URI uri) {
        return "s3".equalsIgnoreCase(uri.getScheme());
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
        return isS3(path) ? object(path) : address(path);
    }

    private static URI object(Path path) {
        Matcher parts = S3.matcher(path.toString());
        if (!parts.matches() || !BUCKET.matcher(parts.group(1)).matches()) {
            throw new UserException(
                    shown(path) + ": names no bucket; give s3://bucket/key.tar, or s3://bucket/prefix/");
        }
        try {
            return new URI("s3", parts.group(1), "/" + parts.group(2), null, null);
        } catch (URISyntaxException e) {
            throw new UserException(shown(path) + ": is no key (" + e.getReason() + ")", e);
        }
    }

    private static URI address(Path path) {
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
        return isS3(path)
                ? PlainText.of(url(path.toString()))
                : isRemote(path) ? withoutQuery(url(path.toString())) : path.toString();
    }

    /** How messages name several: the first of them. */
    public static String shown(List<Path> paths) {
        List<String> first =
                paths.stream().limit(MOST_SHOWN).map(RemotePath::shown).toList();
        return paths.size() <= MOST_SHOWN
                ? first.toString()
                : "[" + String.join(", ", first) + ", and " + (paths.size() - MOST_SHOWN) + " more]";
    }

    static String shown(URI uri) {
        return isS3(uri) ? PlainText.of("s3://" + host(uri) + uri.getPath()) : withoutQuery(uri.toString());
    }

    /** Whether an address ends as those of folders do: without a form. */
    static boolean mayBeFolder(URI uri) {
        String way = uri.getPath();
        return uri.getRawQuery() == null && way.indexOf('.', way.lastIndexOf('/') + 1) < 0;
    }

    /** The server, or the bucket. */
    static String host(URI uri) {
        return isS3(uri) ? uri.getAuthority() : uri.getHost();
    }

    /** What a bucket knows an object by. */
    static String key(URI uri) {
        return uri.getPath().substring(1);
    }

    /** A text that others may see, with the addresses in it as {@link #shown} has them: a query may be a signature. */
    public static String withoutQueries(String text) {
        return QUERY.matcher(text).replaceAll("$1");
    }

    private static String withoutQuery(String url) {
        int query = url.indexOf('?');
        return query < 0 ? url : url.substring(0, query);
    }

    /** A path by which files are told from each other: of one on a server its host or bucket and its way, as they would be on a disk. */
    static Path asOnADisk(Path path) {
        return isRemote(path) ? Path.of("/" + host(uri(path)) + uri(path).getPath()) : path;
    }

    /** The last part of a path as a user gave it, where it may stand for several files: with its braces, without its query. */
    public static String lastPart(Path path) {
        return String.valueOf(Path.of(shown(path)).getFileName());
    }

    /** The name of one file alone, as it would be called on a disk. */
    public static String name(Path path) {
        if (!isRemote(path)) {
            return String.valueOf(path.getFileName());
        }
        String whole = uri(path).getPath();
        return whole.substring(whole.lastIndexOf('/') + 1);
    }
}
