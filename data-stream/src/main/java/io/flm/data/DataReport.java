package io.flm.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/**
 * What a source holds, every sample looked at: for {@code flm data inspect}.
 *
 * @param samples usable and bad
 * @param heldOut how many of them training leaves out
 * @param shards the samples of each shard
 * @param shapes how many pictures have which size, as {@code 640 x 480}
 * @param captions all captions of usable samples
 * @param tokenLengths how many of them have which length in tokens, special tokens included, before the cut at max-tokens
 * @param bad {@code shard:key: cause} of each sample that cannot be used
 * @param badTrained how many of them are not held out
 * @param leftOut what is no sample, such as a picture without a caption
 * @param sha256 of the shards' tables of contents
 */
public record DataReport(
        long samples,
        long heldOut,
        Map<String, Integer> shards,
        SortedMap<String, Integer> shapes,
        long captions,
        SortedMap<Integer, Integer> tokenLengths,
        List<String> bad,
        long badTrained,
        LeftOut leftOut,
        String sha256) {

    /** How many samples are trained on, the bad ones among them. */
    public long trained() {
        return samples - heldOut;
    }

    /** Reads and decodes every sample. */
    public static DataReport of(Dataset source, Tokenizer tokenizer, DataSettings settings, LongConsumer progress) {
        SortedMap<String, Integer> shapes = new TreeMap<>();
        SortedMap<Integer, Integer> lengths = new TreeMap<>();
        List<String> bad = new ArrayList<>();
        List<Pictures> pictures = settings.sources().stream()
                .map(each -> Pictures.with(each.pictures()))
                .toList();
        Split training = Split.training(settings.holdOut());
        long captions = 0;
        long badTrained = 0;
        for (long index = 0; index < source.size(); index++) {
            progress.accept(index);
            String cause = null;
            try {
                List<String> texts = source.captions(index);
                Pictures its = pictures.get(source.sourceOf(index));
                int[] size = its.size(its.read(source, index));
                shapes.merge(size[0] + " x " + size[1], 1, Integer::sum);
                for (String caption : texts) {
                    int[] ids = tokenizer.encode(caption, Integer.MAX_VALUE, settings.beginToken());
                    lengths.merge(ids.length, 1, Integer::sum);
                    captions++;
                }
            } catch (SampleException e) {
                cause = String.valueOf(e.getMessage());
            } catch (IOException e) {
                cause = source.name(index) + ": " + e.getMessage();
            }
            if (cause != null) {
                bad.add(cause);
                badTrained += source.isTaken(index, training) ? 1 : 0;
            }
        }
        return new DataReport(
                source.size(),
                source.count(Split.heldOut(settings.holdOut())),
                source.shards(),
                shapes,
                captions,
                lengths,
                List.copyOf(bad),
                badTrained,
                source.leftOut(),
                source.sha256());
    }
}
