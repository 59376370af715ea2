package io.flm.data;

import java.io.IOException;
import java.util.List;

/** Each sample of shards with its captions: example k shows picture k. */
record Captioned(Dataset source) implements Examples {
    private static final float[] UNLABELLED = {};

    @Override
    public long size() {
        return source.size();
    }

    @Override
    public String name(long index) {
        return source.name(index);
    }

    @Override
    public String sha256() {
        return source.sha256();
    }

    @Override
    public long[] pictures(long index) {
        return new long[] {index};
    }

    @Override
    public List<String> texts(long index) throws SampleException, IOException {
        return source.captions(index);
    }

    @Override
    public float[] labels(long index) {
        return UNLABELLED;
    }

    @Override
    public long[] firsts() {
        return source.firsts();
    }

    @Override
    public int[] sources() {
        return source.sources();
    }

    @Override
    public void expect(Upcoming upcoming) {
        source.expect(upcoming);
    }

    @Override
    public TextForm textForm() {
        return TextForm.CAPTION;
    }
}
