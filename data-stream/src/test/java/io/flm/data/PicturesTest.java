package io.flm.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import io.flm.data.PictureSettings.Fit;
import java.awt.color.ColorSpace;
import java.awt.color.ICC_Profile;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Against what CLIP's preprocessing makes of the same files: {@code NAME.rgb} beside each picture is [16, 16, 3] moved to
 * [3, 16, 16] by Pillow 13.0.0, {@code convert("RGB")}, {@code resize((w, h), BICUBIC)} to torchvision's size of the longer side
 * (cut to an integer), {@code crop} at Python's rounded half of what is over.
 */
class PicturesTest {
    private static final int SIZE = 16;
    private static final PictureSettings SETTINGS = PictureSettings.from(ConfigFactory.load());
    private static final Pictures PICTURES = Pictures.with(SETTINGS);

    @ParameterizedTest
    @ValueSource(
            strings = {
                "colour.png",
                "colour.webp",
                "palette.png",
                "alpha.png",
                "grey.png",
                "grey-alpha.png",
                "tall.png",
                "small.png",
                "one-wider.png",
                "colour.jpg",
                "grey.jpg",
                "cmyk.jpg"
            })
    void picturesAreDecodedAndResizedAsPillowDoes(String name) throws IOException {
        assertNear(name, PICTURES.decode(resource(name), SIZE), resource(name + ".rgb"));
    }

    /** {@code NAME.stretched.rgb} is [3, 16, 16] by Pillow 13.0.0, {@code convert("RGB").resize((16, 16), BICUBIC)}. */
    @ParameterizedTest
    @ValueSource(strings = {"tall.png", "colour.jpg", "one-wider.png"})
    void aPictureThatIsStretchedLosesNothing(String name) throws IOException {
        PictureSettings stretching = PictureSettings.from(
                ConfigFactory.parseString("flm.data.picture-fit = stretch").withFallback(ConfigFactory.load()));
        byte[] stretched = Pictures.with(stretching).decode(resource(name), SIZE);
        assertNear(name, stretched, resource(name + ".stretched.rgb"));
        assertThat(stretched).isNotEqualTo(PICTURES.decode(resource(name), SIZE));
    }

    private static void assertNear(String name, byte[] actual, byte[] expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.length; i++) {
            // Pillow's weights are integers of 22 bits: a sum near a half may round the other way.
            assertThat(Math.abs((actual[i] & 0xff) - (expected[i] & 0xff)))
                    .as("%s, value %d", name, i)
                    .isLessThanOrEqualTo(1);
        }
    }

    @Test
    void aPictureOfTheRightSizeIsLeftAsItIs() throws IOException {
        BufferedImage image = new BufferedImage(SIZE, SIZE, BufferedImage.TYPE_INT_RGB);
        byte[] expected = new byte[3 * SIZE * SIZE];
        for (int i = 0; i < SIZE * SIZE; i++) {
            int rgb = 0x070b11 * i & 0xffffff;
            image.setRGB(i % SIZE, i / SIZE, rgb);
            for (int channel = 0; channel < 3; channel++) {
                expected[channel * SIZE * SIZE + i] = (byte) (rgb >> (16 - 8 * channel));
            }
        }
        assertThat(PICTURES.decode(Shards.encode(image, "png"), SIZE)).isEqualTo(expected);
    }

    @Test
    void thePictureOfAThreadIsCutLikeAnyOther() throws IOException {
        int size = 1024; // resized it would be 1024 x 2,252,800,000
        byte[] expected = new byte[3 * size * size];
        Arrays.fill(expected, (byte) 0x40);
        byte[] thread = Shards.png(1, 2_200_000, 0x404040);
        assertThat(Arrays.equals(PICTURES.decode(thread, size), expected)).isTrue();
    }

    @Test
    void aThreadIsNotStretchedWhoseLinesWouldTakeMoreThanTheMemory() throws IOException {
        PictureSettings stretching = PictureSettings.from(
                ConfigFactory.parseString("flm.data.picture-fit = stretch").withFallback(ConfigFactory.load()));
        byte[] expected = new byte[3 * SIZE * SIZE];
        Arrays.fill(expected, (byte) 0x40);
        assertThat(Pictures.with(stretching).decode(Shards.png(65_535, 1, 0x404040), SIZE))
                .isEqualTo(expected);
        assertThatThrownBy(() -> Pictures.with(stretching).decode(Shards.png(65_536, 1, 0x404040), SIZE))
                .isInstanceOf(IOException.class)
                .hasMessage("65536 x 1 pixels: a side of more than 65535 is not stretched");
    }

    @Test
    void theProfileOfAJpegIsNotApplied() throws IOException {
        byte[] plain = resource("colour.jpg");
        int at = 4 + ByteBuffer.wrap(plain).getShort(4); // after APP0
        byte[] profile = linear();
        byte[] profiled = ByteBuffer.allocate(plain.length + 18 + profile.length)
                .put(plain, 0, at)
                .putShort((short) 0xffe2)
                .putShort((short) (16 + profile.length))
                .put("ICC_PROFILE\0\1\1".getBytes(StandardCharsets.US_ASCII))
                .put(profile)
                .put(plain, at, plain.length - at)
                .array();
        assertThat(PICTURES.decode(profiled, SIZE)).isEqualTo(PICTURES.decode(plain, SIZE));
    }

    @Test
    void theProfileOfAWebpIsNotApplied() throws IOException {
        byte[] plain = resource("colour.webp");
        Codecs.Encoded picture = Codecs.open(plain);
        byte[] profile = linear();
        int profileSize = profile.length + profile.length % 2;
        int fileSize = plain.length + 18 + 8 + profileSize;
        byte[] profiled = ByteBuffer.allocate(fileSize)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("RIFF".getBytes(StandardCharsets.US_ASCII))
                .putInt(fileSize - 8)
                .put("WEBPVP8X".getBytes(StandardCharsets.US_ASCII))
                .putInt(10)
                .putInt(0x20) // has a profile
                .putShort((short) (picture.width() - 1)) // both in three bytes
                .put((byte) 0)
                .putShort((short) (picture.height() - 1))
                .put((byte) 0)
                .put("ICCP".getBytes(StandardCharsets.US_ASCII))
                .putInt(profile.length)
                .put(Arrays.copyOf(profile, profileSize))
                .put(plain, 12, plain.length - 12)
                .array();
        assertThat(PICTURES.decode(profiled, SIZE)).isEqualTo(PICTURES.decode(plain, SIZE));
    }

    private static byte[] linear() {
        return ICC_Profile.getInstance(ColorSpace.CS_LINEAR_RGB).getData();
    }

    @ParameterizedTest
    @ValueSource(strings = {"colour.png", "colour.jpg", "colour.webp"})
    void aTornPictureIsAnErrorInOneLine(String name) throws IOException {
        byte[] whole = resource(name);
        assertThatThrownBy(() -> PICTURES.decode(Arrays.copyOf(whole, whole.length / 2), SIZE))
                .isInstanceOf(IOException.class)
                .message()
                .isNotBlank()
                .doesNotContain("\n");
    }

    @Test
    void aPictureThatNeedsMoreThanTheSettingsAllowIsBadOnEveryMachine() {
        Pictures small = Pictures.with(new PictureSettings(1 << 20, false, Fit.CROP));
        assertThatCode(() -> small.decode(Shards.png(580, 580, 0), SIZE)).doesNotThrowAnyException();
        assertThatThrownBy(() -> small.decode(Shards.png(600, 600, 0), SIZE))
                .isInstanceOf(IOException.class)
                .hasMessage("600 x 600 pixels need 2 MiB, more than flm.data.picture-memory = 1 MiB");
    }

    @Test
    void aBombIsRefusedByItsHeader() {
        byte[] image = CodecsTest.png(30_000, 30_000, 1, 0, new byte[100]); // 113 MB, of 900 million pixels
        assertThatThrownBy(() -> PICTURES.decode(image, SIZE)).hasMessage("30000 x 30000 pixels are too many");
        byte[] deep = CodecsTest.png(10_000, 10_000, 16, 2, new byte[100]);
        assertThatThrownBy(() -> PICTURES.decode(deep, SIZE))
                .hasMessage("10000 x 10000 pixels need 573 MiB, more than flm.data.picture-memory = 192 MiB");
    }

    @Test
    void aProcessThatCannotKeepWhatAPictureMayTakeSaysSoBeforeItBegins() {
        long heapMib = Runtime.getRuntime().maxMemory() >> 20;
        assertThatCode(() -> Pictures.with(new PictureSettings((heapMib / 3) << 20, false, Fit.CROP)))
                .doesNotThrowAnyException();
        assertThatThrownBy(() -> Pictures.with(new PictureSettings((heapMib * 2 / 3) << 20, false, Fit.CROP)))
                .isInstanceOf(UserException.class)
                .message()
                .startsWith("flm.data.picture-memory = " + heapMib * 2 / 3 + " MiB needs a heap of ")
                .contains("this process has one of " + heapMib + " MiB; start it with JAVA_TOOL_OPTIONS=-Xmx")
                .doesNotContain("\n");
        assertThatThrownBy(
                        () -> Pictures.with(new PictureSettings((heapMib / 4) << 20, false, Fit.CROP), heapMib << 19))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("beside caches of");
    }

    @Test
    void picturesAreTurnedByExifOnlyWhereTheSettingsSaySo() throws IOException {
        byte[] image = resource("whole/exif-7.jpg");
        Pictures turning = Pictures.with(new PictureSettings(1 << 20, true, Fit.CROP));
        assertThat(PICTURES.size(image)).containsExactly(53, 45);
        assertThat(turning.size(image)).containsExactly(45, 53);
        assertThat(turning.decode(image, SIZE)).isNotEqualTo(PICTURES.decode(image, SIZE));
        assertThat(SETTINGS.exifOrientation()).isFalse();
    }

    @Test
    void whatIsNoPictureIsSaidToBeNone() {
        assertThatThrownBy(() -> PICTURES.decode("not found".getBytes(StandardCharsets.UTF_8), SIZE))
                .isInstanceOf(IOException.class)
                .hasMessage("not a PNG, JPEG, WebP, GIF, BMP or TIFF picture");
        assertThatThrownBy(() -> PICTURES.decode(new byte[0], SIZE))
                .isInstanceOf(IOException.class)
                .hasMessage("not a PNG, JPEG, WebP, GIF, BMP or TIFF picture");
    }

    static byte[] resource(String name) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(PicturesTest.class.getResourceAsStream("pictures/" + name), name)) {
            return in.readAllBytes();
        }
    }
}
