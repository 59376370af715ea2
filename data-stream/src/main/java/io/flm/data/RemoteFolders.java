package io.flm.data;

import java.net.URI;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Addresses, and all that lies below them as files lie below folders. Whether a path does costs as many steps as it has slashes, however
 * many addresses there are.
 */
public final class RemoteFolders {
    private static final Pattern ODD = Pattern.compile("(?i)(^|/)\\.{1,2}(/|$)|%2e|%2f|%5c|\\\\");

    /** A way on a server, with or without a slash at its end. */
    private record Place(String scheme, String host, int port, String way) {
        static Place of(URI uri, String way) {
            String host = RemotePath.host(uri);
            return new Place(lower(uri.getScheme()), RemotePath.isS3(uri) ? host : lower(host), uri.getPort(), way);
        }

        private static String lower(String text) {
            return text.toLowerCase(Locale.ROOT);
        }
    }

    private final Set<Place> folders = new HashSet<>();
    private int longest; // way of a folder

    /**
     * Of addresses; paths of files on disks are passed over.
     *
     * @throws UserException where one is no address
     */
    public RemoteFolders(Collection<Path> paths) {
        for (Path path : paths) {
            if (RemotePath.isRemote(path)) {
                URI uri = RemotePath.uri(path);
                folders.add(Place.of(uri, uri.getRawPath()));
                longest = Math.max(longest, uri.getRawPath().length());
            }
        }
    }

    /**
     * Whether a remote path is one of these, or lies below one. One with an odd way of saying {@code ..} lies nowhere.
     *
     * @throws UserException where it is no address
     */
    public boolean hold(Path path) {
        URI uri = RemotePath.uri(path);
        String way = uri.getRawPath();
        if (ODD.matcher(way).find()) {
            return false;
        }
        if (folders.contains(Place.of(uri, way))) {
            return true;
        }
        for (int slash = way.indexOf('/'); slash >= 0 && slash <= longest; slash = way.indexOf('/', slash + 1)) {
            if (folders.contains(Place.of(uri, way.substring(0, slash)))
                    || folders.contains(Place.of(uri, way.substring(0, slash + 1)))) {
                return true;
            }
        }
        return false;
    }
}
