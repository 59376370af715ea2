package io.flm.worker.weights;

import io.flm.worker.checkpoint.Safetensors;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A safetensors file. */
final class SafetensorsFile implements TensorFile {
    private final Safetensors file;
    private final Map<String, Entry> tensors = new LinkedHashMap<>();

    private SafetensorsFile(Safetensors file) {
        this.file = file;
        file.tensors().values().forEach(t -> tensors.put(t.name(), new Entry(t.name(), t.type(), t.shape())));
    }

    static TensorFile open(Path path) {
        return new SafetensorsFile(Safetensors.open(path));
    }

    @Override
    public Path path() {
        return file.file();
    }

    @Override
    public Map<String, Entry> tensors() {
        return Collections.unmodifiableMap(tensors);
    }

    @Override
    public List<String> beside() {
        return List.of();
    }

    @Override
    public void read(String name, long from, FloatBuffer into) {
        file.read(name, from, into);
    }

    @Override
    public void close() {
        file.close();
    }
}
