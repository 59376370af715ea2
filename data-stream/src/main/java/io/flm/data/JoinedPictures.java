package io.flm.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.IntFunction;

/** Several sources one behind the other. They are closed with it. */
final class JoinedPictures implements PictureSource {
    private final List<PictureSource> parts;
    private final long[] first; // index of each part, and the end
    private final LeftOut leftOut = new LeftOut();

    JoinedPictures(List<? extends PictureSource> parts) {
        this.parts = List.copyOf(parts);
        this.first = new long[parts.size() + 1];
        for (int i = 0; i < parts.size(); i++) {
            first[i + 1] = first[i] + parts.get(i).size();
            leftOut.addAll(parts.get(i).leftOut());
        }
    }

    private int part(long index) {
        int at = Arrays.binarySearch(first, index);
        int part = at < 0 ? -at - 2 : at;
        while (part < parts.size() - 1 && first[part + 1] == index) {
            part++; // parts may be empty
        }
        if (part < 0 || index >= first[parts.size()]) {
            throw new IndexOutOfBoundsException("picture " + index + " of " + size());
        }
        return part;
    }

    @Override
    public long size() {
        return first[parts.size()];
    }

    @Override
    public String key(long index) {
        int part = part(index);
        return parts.get(part).key(index - first[part]);
    }

    @Override
    public String name(long index) {
        int part = part(index);
        return parts.get(part).name(index - first[part]);
    }

    @Override
    public String file(long index) {
        int part = part(index);
        return parts.get(part).file(index - first[part]);
    }

    @Override
    public byte[] image(long index) throws IOException {
        int part = part(index);
        return parts.get(part).image(index - first[part]);
    }

    @Override
    public int parallelReads() {
        return parts.stream().mapToInt(PictureSource::parallelReads).max().orElse(1);
    }

    @Override
    public int imageSizeBytes(long index) {
        int part = part(index);
        return parts.get(part).imageSizeBytes(index - first[part]);
    }

    @Override
    public OptionalLong find(String key) {
        return one(key, part -> parts.get(part).find(key));
    }

    @Override
    public OptionalLong findWhole(String key, long from, long to) {
        return one(key, part -> {
            long itsFrom = Math.max(from, first[part]);
            long itsTo = Math.min(to, first[part + 1]);
            return itsFrom < itsTo
                    ? parts.get(part).findWhole(key, itsFrom - first[part], itsTo - first[part])
                    : OptionalLong.empty();
        });
    }

    private OptionalLong one(String key, IntFunction<OptionalLong> find) {
        OptionalLong found = OptionalLong.empty();
        for (int part = 0; part < parts.size(); part++) {
            OptionalLong its = find.apply(part);
            if (its.isPresent()) {
                long index = first[part] + its.getAsLong();
                if (found.isPresent()) {
                    throw PictureKeys.twice(key, name(found.getAsLong()), name(index));
                }
                found = OptionalLong.of(index);
            }
        }
        return found;
    }

    @Override
    public LeftOut leftOut() {
        return leftOut;
    }

    @Override
    public String sha256() {
        MessageDigest digest = Sha256.newDigest();
        parts.forEach(part -> digest.update(part.sha256().getBytes(StandardCharsets.UTF_8)));
        return Sha256.hex(digest);
    }

    @Override
    public void close() {
        parts.forEach(PictureSource::close);
    }
}
