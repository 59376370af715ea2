package io.flm.worker.weights;

import io.flm.data.PlainText;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.FloatValues;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What torch.save writes since torch 1.6 ({@code .ckpt}, {@code .pt}, {@code .bin}), and TorchScript archives: a zip of {@code
 * data.pkl}, which says of each tensor where its values lie, and of {@code data/0}, {@code data/1}, ... which are these values.
 * Tensors may be views: of parts of shared values, transposed, expanded.
 *
 * <p>The weights are the dictionary under {@code state_dict} (as Lightning and open_clip write), {@code model} or {@code module},
 * else the outermost one. Of TorchScript each parameter's name is its way through the modules.
 */
final class TorchArchive implements TensorFile {
    private static final String PICKLE = "data.pkl";
    private static final List<String> WRAPPERS = List.of("state_dict", "model", "module");

    /** In front of all names where the model was trained by {@code DataParallel}. */
    private static final String PARALLEL = "module.";

    /** Of some ten thousands of tensors. */
    private static final int MOST_PICKLE_BYTES = 16 << 20;

    private static final int MOST_TENSORS = 100_000;
    private static final int MOST_DEPTH = 64;
    private static final int MOST_SHOWN = 60;
    private static final int CHUNK_BYTES = 1 << 20;

    /** A view that is no range is read with all that lies between its values. */
    private static final long MOST_VIEW_BYTES = 1 << 30;

    private final StoredZip zip;
    private final ByteOrder order;
    private final Map<String, Unpickler.Tensor> views = new LinkedHashMap<>();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Map<String, StoredZip.Entry> storages = new LinkedHashMap<>();
    private final List<String> beside = new ArrayList<>();
    private @Nullable ByteBuffer spanned; // of the view that was read last, if it is no range
    private String spannedName = "";
    private final boolean script;

    private TorchArchive(StoredZip zip) {
        this.zip = zip;
        StoredZip.Entry pickle = zip.entries().values().stream()
                .filter(entry -> entry.name().endsWith("/" + PICKLE)
                        && entry.name().indexOf('/') == entry.name().lastIndexOf('/'))
                .findFirst()
                .orElseThrow(() -> new UserException(
                        zip.file() + ": a zip file without " + PICKLE + "; give weights as torch.save writes them"));
        String folder = pickle.name().substring(0, pickle.name().length() - PICKLE.length());
        order = order(folder + "byteorder");
        Object root = Unpickler.read(zip.file(), zip.bytes(pickle, MOST_PICKLE_BYTES));
        script = root instanceof Unpickler.Module;
        if (root instanceof Unpickler.Module module) {
            collectModules(module);
        } else if (root instanceof Map<?, ?> map) {
            collect(map);
        }
        if (views.isEmpty()) {
            throw new UserException(zip.file() + ": holds no dictionary of tensors; give weights, such as"
                    + " torch.save(model.state_dict(), FILE) writes");
        }
        boolean parallel = views.keySet().stream().allMatch(name -> name.startsWith(PARALLEL));
        for (Map.Entry<String, Unpickler.Tensor> view : Map.copyOf(views).entrySet()) {
            requireValues(view.getKey(), view.getValue().storage(), folder);
        }
        if (parallel) {
            Map<String, Unpickler.Tensor> all = new LinkedHashMap<>(views);
            views.clear();
            all.forEach((name, view) -> views.put(name.substring(PARALLEL.length()), view));
            beside.add("\"" + PARALLEL + "\" in front of all names");
        }
        views.forEach(
                (name, view) -> entries.put(name, new Entry(name, view.storage().type(), view.shape())));
    }

    static TensorFile open(Path file) {
        StoredZip zip = StoredZip.open(file);
        try {
            return new TorchArchive(zip);
        } catch (RuntimeException e) {
            zip.close();
            throw e;
        }
    }

    private ByteOrder order(String name) {
        StoredZip.Entry entry = zip.entries().get(name);
        return entry != null
                        && new String(zip.bytes(entry, MOST_SHOWN), StandardCharsets.UTF_8)
                                .strip()
                                .equals("big")
                ? ByteOrder.BIG_ENDIAN
                : ByteOrder.LITTLE_ENDIAN;
    }

    private void collect(Map<?, ?> root) {
        Map<?, ?> weights = root;
        for (String wrapper : WRAPPERS) {
            if (weights == root && root.get(wrapper) instanceof Map<?, ?> inner) {
                weights = inner;
            }
        }
        if (weights != root) {
            for (Map.Entry<?, ?> other : root.entrySet()) {
                if (other.getValue() != weights) {
                    beside.add(shown(other.getKey(), other.getValue()));
                }
            }
        }
        for (Map.Entry<?, ?> entry : weights.entrySet()) {
            if (entry.getKey() instanceof String name && entry.getValue() instanceof Unpickler.Tensor tensor) {
                add(name, tensor);
            } else {
                beside.add(shown(entry.getKey(), entry.getValue()));
            }
        }
    }

    private record Inner(String prefix, Unpickler.Module module, int depth) {}

    private void collectModules(Unpickler.Module root) {
        Deque<Inner> open = new ArrayDeque<>();
        open.add(new Inner("", root, 0));
        int seen = 0;
        while (!open.isEmpty()) {
            Inner at = open.remove();
            if (at.depth() > MOST_DEPTH || ++seen > MOST_TENSORS) { // one that holds itself has no end
                throw new UserException(zip.file() + ": its modules are nested without end; take another copy");
            }
            for (Map.Entry<Object, Object> entry : at.module().attributes().entrySet()) {
                String name = at.prefix() + entry.getKey();
                if (entry.getValue() instanceof Unpickler.Tensor tensor) {
                    add(name, tensor);
                } else if (entry.getValue() instanceof Unpickler.Module inner) {
                    open.add(new Inner(name + ".", inner, at.depth() + 1));
                }
            }
        }
    }

    private void add(String name, Unpickler.Tensor tensor) {
        if (views.size() >= MOST_TENSORS) {
            throw new UserException(zip.file() + ": holds more than " + MOST_TENSORS + " tensors; give weights alone");
        }
        views.put(name, tensor);
    }

    private static String shown(Object key, Object value) {
        String of = value instanceof Map<?, ?> map
                ? "a dictionary of " + map.size()
                : value instanceof List<?> list
                        ? "a list of " + list.size()
                        : value instanceof Unpickler.Tuple tuple
                                ? "a tuple of " + tuple.items().size()
                                : value instanceof Unpickler.Tensor
                                        ? "a tensor"
                                        : value instanceof byte[] || value instanceof Unpickler.Module
                                                ? "an object"
                                                : plain(value);
        return plain(key) + " = " + of;
    }

    private static String plain(Object value) {
        String text = String.valueOf(value).replaceAll("\\p{Cntrl}", " ");
        return PlainText.cut(text, MOST_SHOWN);
    }

    private void requireValues(String tensor, Unpickler.Storage storage, String folder) {
        String name = folder + "data/" + storage.key();
        StoredZip.Entry entry = zip.entries().get(name);
        long sizeBytes = storage.count() * storage.type().sizeBytes();
        if (entry == null || storage.count() > Long.MAX_VALUE / Long.BYTES || entry.sizeBytes() != sizeBytes) {
            throw new UserException(zip.file() + ": no whole file of torch.save: " + tensor + " has its values in "
                    + name + ", "
                    + (entry == null
                            ? "which is not there"
                            : "which has " + entry.sizeBytes() + " bytes, not " + sizeBytes)
                    + "; take another copy");
        }
        zip.requireStored(entry);
        storages.put(storage.key(), entry);
    }

    @Override
    public Path path() {
        return zip.file();
    }

    @Override
    public Map<String, Entry> tensors() {
        return Collections.unmodifiableMap(entries);
    }

    @Override
    public boolean isScript() {
        return script;
    }

    @Override
    public List<String> beside() {
        return Collections.unmodifiableList(beside);
    }

    @Override
    public void read(String name, long from, FloatBuffer into) {
        Unpickler.Tensor view = views.get(name);
        Entry entry = entries.get(name);
        if (view == null || entry == null || from < 0 || from + into.remaining() > entry.count()) {
            throw new IllegalArgumentException(
                    zip.file() + ": elements " + from + " to " + (from + into.remaining()) + " of " + name);
        }
        if (!FloatValues.isFloat(entry.type())) {
            throw new UserException(zip.file() + ": " + entry + " holds no floats of 16, 32 or 64 bits");
        }
        if (!into.hasRemaining()) {
            return; // of a tensor without values
        }
        if (isRange(view)) {
            readRange(view, from, into);
        } else {
            readView(name, view, from, into);
        }
    }

    /** Whether its values lie one after another. */
    private static boolean isRange(Unpickler.Tensor view) {
        long expected = 1;
        for (int i = view.shape().length - 1; i >= 0; i--) {
            if (view.shape()[i] != 1 && view.strides()[i] != expected) {
                return false;
            }
            expected *= view.shape()[i];
        }
        return true;
    }

    private void readRange(Unpickler.Tensor view, long from, FloatBuffer into) {
        int valueBytes = view.storage().type().sizeBytes();
        ByteBuffer chunk = ByteBuffer.allocate((int) Math.min(CHUNK_BYTES, (long) into.remaining() * valueBytes))
                .order(order);
        long at = storage(view).offset() + (view.offset() + from) * valueBytes;
        while (into.hasRemaining()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), (long) into.remaining() * valueBytes));
            zip.read(at, chunk);
            at += chunk.limit();
            FloatValues.convert(view.storage().type(), chunk.flip(), into);
        }
    }

    /** Value by value, from a copy of all between the first and the last one. */
    private void readView(String name, Unpickler.Tensor view, long from, FloatBuffer into) {
        int valueBytes = view.storage().type().sizeBytes();
        ByteBuffer span = spanned;
        if (span == null || !spannedName.equals(name)) {
            long last = 0;
            for (int i = 0; i < view.shape().length; i++) {
                last += Math.max(0, view.shape()[i] - 1) * view.strides()[i];
            }
            if ((last + 1) * valueBytes > MOST_VIEW_BYTES) {
                throw new UserException(zip.file() + ": " + name + " is a view over " + (last + 1) * valueBytes
                        + " bytes; save it as a tensor of its own, with .contiguous()");
            }
            span = ByteBuffer.allocate((int) (last + 1) * valueBytes).order(order);
            zip.read(storage(view).offset() + view.offset() * valueBytes, span);
            spanned = span;
            spannedName = name;
        }
        long[] index = new long[view.shape().length];
        long rest = from;
        for (int i = index.length - 1; i >= 0; i--) {
            index[i] = rest % view.shape()[i];
            rest /= view.shape()[i];
        }
        while (into.hasRemaining()) {
            long at = 0;
            for (int i = 0; i < index.length; i++) {
                at += index[i] * view.strides()[i];
            }
            ByteBuffer value = span.slice((int) at * valueBytes, valueBytes).order(order);
            FloatValues.convert(view.storage().type(), value, into);
            for (int i = index.length - 1; i >= 0 && ++index[i] == view.shape()[i]; i--) {
                index[i] = 0;
            }
        }
    }

    private StoredZip.Entry storage(Unpickler.Tensor view) {
        StoredZip.Entry entry = storages.get(view.storage().key());
        if (entry == null) {
            throw new IllegalStateException(view.storage() + " was not looked for");
        }
        return entry;
    }

    @Override
    public void close() {
        zip.close();
    }
}
