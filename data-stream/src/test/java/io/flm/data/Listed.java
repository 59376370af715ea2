package io.flm.data;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Examples that are written down one by one; a text that begins with "bad" is a bad one. */
record Listed(List<One> all) implements Examples {
    record One(String name, long[] pictures, List<String> texts, float[] labels) {
        static One of(String name, List<Long> pictures, List<String> texts, float... labels) {
            return new One(name, pictures.stream().mapToLong(picture -> picture).toArray(), texts, labels);
        }
    }

    private One at(long index) {
        return all.get(Math.toIntExact(index));
    }

    @Override
    public long size() {
        return all.size();
    }

    @Override
    public String name(long index) {
        return at(index).name();
    }

    @Override
    public String sha256() {
        return Sha256.of(all.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public long[] pictures(long index) {
        return at(index).pictures();
    }

    @Override
    public List<String> texts(long index) throws SampleException {
        if (at(index).texts().get(0).startsWith("bad")) {
            throw new SampleException(name(index), "a bad text");
        }
        return at(index).texts();
    }

    @Override
    public float[] labels(long index) {
        return at(index).labels();
    }

    @Override
    public TextForm textForm() {
        return TextForm.AS_IT_IS;
    }
}
