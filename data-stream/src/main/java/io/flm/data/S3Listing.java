package io.flm.data;

import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.S3Object;

/** The keys of a bucket below a prefix, as they come page by page: shards, and what is none. */
final class S3Listing {
    /** Each has up to a thousand keys. */
    private static final int MOST_PAGES = 10_000;

    private static final Comparator<String> BY_BYTES = (one, other) ->
            Arrays.compareUnsigned(one.getBytes(StandardCharsets.UTF_8), other.getBytes(StandardCharsets.UTF_8));

    private final String shown;
    private final String prefix;
    private final List<String> shards = new ArrayList<>();
    private final LeftOut leftOut = new LeftOut();
    private String firstOther = "";
    private long others;
    private long parquets;
    private int pages;
    private @Nullable String next;
    private boolean complete;

    /**
     * Of a prefix, or where it is empty of a whole bucket.
     *
     * @param shown its address, for messages
     * @param key with or without a slash at its end
     */
    S3Listing(String shown, String key) {
        this.shown = shown.endsWith("/") ? shown : shown + "/";
        this.prefix = key.isEmpty() || key.endsWith("/") ? key : key + "/";
    }

    /** What keys begin with. */
    String prefix() {
        return prefix;
    }

    /** What asks for the next page; null: the first one. */
    @Nullable String next() {
        return next;
    }

    boolean isComplete() {
        return complete;
    }

    /** Adds a page, or leaves all as it was. */
    void add(ListObjectsV2Response page) {
        for (S3Object object : page.contents()) {
            if (object.key() == null || !object.key().startsWith(prefix)) {
                throw new UserException(
                        shown + ": its store lists other keys than it was asked for; give another store");
            }
        }
        page.contents().forEach(object -> add(object.key()));
        boolean more = Boolean.TRUE.equals(page.isTruncated());
        if (shards.size() > Braces.MOST || (more && ++pages >= MOST_PAGES)) {
            throw new UserException(shown + ": more than " + Braces.MOST + " shards, or " + MOST_PAGES
                    + " pages of keys, lie below it; give longer prefixes, or a list file");
        }
        if (more && page.nextContinuationToken() == null) {
            throw new UserException(shown + ": its store lists a part of the keys and does not say how to go on; give a"
                    + " list file");
        }
        next = page.nextContinuationToken();
        complete = !more;
    }

    private void add(String key) {
        String name = key.substring(key.lastIndexOf('/') + 1);
        if (name.isEmpty() || name.endsWith(IndexFile.END) || ShardPaths.isOfPacked(name)) {
            return; // what stands for a folder, and what is of a shard, or of all that were packed there
        }
        if (!name.startsWith(".") && ShardPaths.isShard(name.toLowerCase(Locale.ROOT))) {
            shards.add(key);
            return;
        }
        if (!name.startsWith(".") && ShardPaths.isParquet(name.toLowerCase(Locale.ROOT))) {
            leftOut.add(PlainText.of(key), "read from disks only");
            parquets++;
            return;
        }
        leftOut.add(PlainText.of(key), name.startsWith(".") ? "a hidden file" : "no shard");
        others++;
        firstOther = firstOther.isEmpty() ? PlainText.of(key) : firstOther;
    }

    /** What lies there and is no shard. */
    LeftOut leftOut() {
        return leftOut;
    }

    /**
     * The shards, by the bytes of their keys, whatever the order in which the store told them.
     *
     * @throws UserException where there are none, or one that no path can name
     */
    List<Path> shards(String bucket) {
        if (shards.isEmpty() && parquets > 0) {
            throw new UserException(shown + ": " + parquets
                    + (parquets == 1 ? " .parquet file lies" : " .parquet files lie")
                    + " below it, and no shard; such files are read from disks: fetch them, and give their folder");
        }
        if (shards.isEmpty()) {
            throw new UserException(shown + ": no .tar, .tar.gz or .arrow lies below it"
                    + (others == 0 ? ", nor anything else" : ", but " + firstOther)
                    + (others < 2 ? "" : " and " + (others - 1) + " more")
                    + "; give other data");
        }
        return shards.stream().sorted(BY_BYTES).map(key -> path(bucket, key)).toList();
    }

    private Path path(String bucket, String key) {
        String text = "s3://" + bucket + "/" + key;
        try {
            Path path = Path.of(text);
            if (RemotePath.key(RemotePath.uri(path)).equals(key)
                    && Braces.expand(text).size() == 1) {
                return path;
            }
        } catch (InvalidPathException e) {
            throw unnamed(key);
        }
        throw unnamed(key);
    }

    private UserException unnamed(String key) {
        return new UserException(shown + ": the key " + PlainText.of(key)
                + " has braces that stand for several, two slashes side by side or the like, and cannot be named; rename it, or"
                + " give the others in a list file");
    }
}
