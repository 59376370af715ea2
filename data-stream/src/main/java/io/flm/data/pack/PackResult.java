package io.flm.data.pack;

import io.flm.data.LeftOut;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What came of packing.
 *
 * @param source how many samples there were
 * @param samples how many are in the shards
 * @param captions of these
 * @param shards how many
 * @param bytes of all of them
 * @param leftOut how many samples are in none, by reason
 * @param others what of the source is in no sample
 * @param usable statistics of all samples that can be used, by the files that were read
 * @param written statistics of those in the shards: sizes as they were read, bytes as they were written
 * @param earlier samples of the source that an earlier process was done with
 */
public record PackResult(
        long source,
        long samples,
        long captions,
        long shards,
        long bytes,
        Map<Rejection, Long> leftOut,
        LeftOut others,
        Statistics usable,
        Statistics written,
        long earlier) {

    static PackResult of(long source, Iterable<PackedShard> shards, LeftOut others, long earlier) {
        Statistics usable = new Statistics();
        Statistics written = new Statistics();
        long[] sums = new long[4];
        for (PackedShard shard : shards) {
            sums[0] += shard.samples();
            sums[1] += shard.captions();
            sums[2] += shard.isEmpty() ? 0 : 1;
            sums[3] += shard.bytes();
            usable.add(shard.usable());
            written.add(shard.written());
        }
        return new PackResult(
                source, sums[0], sums[1], sums[2], sums[3], PackedShard.sum(shards), others, usable, written, earlier);
    }

    /** How many samples are left out, whatever the reason. */
    public long leftOutTotal() {
        return leftOut.values().stream().mapToLong(count -> count).sum();
    }

    /** Its counts by name, as {@code pack.json} has them: the same whoever was killed meanwhile. */
    public Map<String, Object> totals() {
        Map<String, Object> totals = new LinkedHashMap<>();
        totals.put("complete", true);
        totals.put("sourceSamples", source);
        totals.put("samples", samples);
        totals.put("captions", captions);
        totals.put("shards", shards);
        totals.put("bytes", bytes);
        Map<String, Long> reasons = new LinkedHashMap<>();
        leftOut.forEach((rejection, count) -> reasons.put(rejection.toString(), count));
        totals.put("leftOut", reasons);
        totals.put("inNoSample", new TreeMap<>(others.counts()));
        return totals;
    }
}
