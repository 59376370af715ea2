package io.flm.worker.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ai.djl.Device;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class MemoryShortageTest {
    private static final long ABSURD = 1L << 50;

    @Test
    void theEnginesOwnErrorIsOneLineThatSaysWhatToDo() {
        try (NDManager scope = Torch.newManager(Device.cpu())) {
            EngineException thrown = catchThrowableOfType(EngineException.class, () -> scope.zeros(new Shape(ABSURD)));
            assertThat(MemoryShortage.of(new CompletionException(thrown)))
                    .hasValueSatisfying(line -> assertThat(line)
                            .contains("you tried to allocate " + 4 * ABSURD + " bytes): set flm.train.recompute = on")
                            .contains("fewer workers", "flm.train.micro-batch")
                            .doesNotContain("\n", "alloc_cpu"));
        }
    }

    @Test
    void anErrorWithinAScriptIsToldWithoutItsTraceback() {
        String source = """
                class Zeros(Module):
                  training : bool
                  generator : Optional[Generator]
                  def zeros(self, count: int) -> Tensor:
                    return torch.zeros([count])
                """;
        try (NDManager scope = Torch.newManager(Device.cpu());
                Script script = new Script(scope, "a.script", "Zeros", source)) {
            EngineException thrown =
                    catchThrowableOfType(EngineException.class, () -> script.call(scope, "zeros", ABSURD));
            assertThat(thrown).hasMessageContaining("Traceback");
            assertThat(MemoryShortage.of(thrown))
                    .hasValueSatisfying(line -> assertThat(line)
                            .contains("DefaultCPUAllocator", 4 * ABSURD + " bytes")
                            .doesNotContain("\n", "Traceback"));
        }
    }

    @Test
    void cudasErrorKeepsWhatIsFree() {
        assertThat(
                        MemoryShortage.of(
                                new EngineException(
                                        "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 79.10 GiB of which"
                                                + " 5.25 GiB is free. Including non-PyTorch memory, this process has 73.84 GiB in use.")))
                .hasValueSatisfying(line -> assertThat(line)
                        .startsWith("out of memory (CUDA out of memory. Tried to allocate 20.00 GiB.")
                        .contains("of which 5.25 GiB is free): "));
        assertThat(MemoryShortage.of(new EngineException("CUDA error: out of memory\nCUDA kernel errors might be")))
                .isPresent();
    }

    @Test
    void whatTheEngineSaysElseIsNone() {
        try (NDManager scope = Torch.newManager(Device.cpu())) {
            EngineException thrown = catchThrowableOfType(
                    EngineException.class, () -> scope.ones(new Shape(2)).add(scope.ones(new Shape(3))));
            assertThat(thrown).isNotNull();
            assertThat(MemoryShortage.of(thrown)).isEmpty();
        }
    }
}
