package io.flm.launch.report;

import io.flm.data.Dataset;
import io.flm.data.PictureSettings;
import io.flm.data.Pictures;
import io.flm.data.SampleException;
import io.flm.data.pack.LeftOutSample;
import io.flm.data.pack.PackResult;
import io.flm.data.source.Sources;
import io.flm.launch.html.PackPage.Shown;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Some samples that were packed, and some that were left out, as a page shows them. */
public final class PackedSamples {
    private static final int SIZE = 176; // pixels a side; a page shows half of it
    private static final int MOST_WRITTEN = 24;
    private static final int MOST_LEFT_OUT = 6; // of a reason
    private static final int MOST_LETTERS = 300;

    private final Pictures pictures;

    public PackedSamples(PictureSettings settings) {
        this.pictures = Pictures.with(settings);
    }

    /** Samples of shards, evenly from all. */
    public List<Shown> written(Path folder, PackResult result) throws IOException {
        List<Shown> shown = new ArrayList<>();
        if (result.samples() == 0) {
            return shown;
        }
        try (Dataset packed = Sources.open(List.of(folder))) {
            long count = Math.min(MOST_WRITTEN, packed.size());
            for (long i = 0; i < count; i++) {
                long index = i * packed.size() / count;
                shown.add(new Shown(packed.name(index), caption(packed, index), picture(packed, index)));
            }
        }
        return shown;
    }

    /** The first samples of each reason. */
    public Map<String, List<Shown>> leftOut(Path folder, Dataset source, PackResult result) throws IOException {
        Map<String, List<Shown>> shown = new LinkedHashMap<>();
        for (LeftOutSample sample : LeftOutSample.first(folder, result.leftOut(), MOST_LEFT_OUT)) {
            if (sample.index() >= 0 && sample.index() < source.size()) {
                shown.computeIfAbsent(sample.reason(), reason -> new ArrayList<>())
                        .add(new Shown(sample.sample(), sample.detail(), picture(source, sample.index())));
            }
        }
        return shown;
    }

    private static String caption(Dataset source, long index) throws IOException {
        try {
            String caption = source.captions(index).get(0);
            return caption.length() <= MOST_LETTERS ? caption : caption.substring(0, MOST_LETTERS) + "\u2026";
        } catch (SampleException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /** [3, S, S]; empty where it cannot be decoded. */
    private byte[] picture(Dataset source, long index) {
        try {
            return pictures.decode(pictures.read(source, index), SIZE);
        } catch (SampleException | IOException e) {
            return new byte[0]; // what is wrong stands beside it
        }
    }
}
