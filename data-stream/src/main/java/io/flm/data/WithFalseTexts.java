package io.flm.data;

import java.io.IOException;
import java.util.List;

/** Examples that are visited with texts of others: of K false ones, the nearest of M that are drawn. */
record WithFalseTexts(Examples of, int falseTexts, int falseTextCandidates) implements Examples {
    WithFalseTexts {
        if (falseTexts < 0 || falseTextCandidates < falseTexts) {
            throw new IllegalArgumentException(falseTexts + " false texts of " + falseTextCandidates);
        }
    }

    @Override
    public long size() {
        return of.size();
    }

    @Override
    public String name(long index) {
        return of.name(index);
    }

    @Override
    public String sha256() {
        return of.sha256();
    }

    @Override
    public long[] pictures(long index) {
        return of.pictures(index);
    }

    @Override
    public List<String> texts(long index) throws SampleException, IOException {
        return of.texts(index);
    }

    @Override
    public float[] labels(long index) {
        return of.labels(index);
    }

    @Override
    public long[] firsts() {
        return of.firsts();
    }

    @Override
    public int[] sources() {
        return of.sources();
    }

    @Override
    public void expect(Upcoming upcoming) {
        of.expect(upcoming);
    }

    @Override
    public TextForm textForm() {
        return of.textForm();
    }
}
