// Classifies a picture on Android with the model beside this file. Not compiled by SkinKD: read it, then try it on the
// sample pictures, whose logits stand in samples.json. Gradle: implementation("com.microsoft.onnxruntime:onnxruntime-android:<version>")
import ai.onnxruntime.OnnxJavaType
import ai.onnxruntime.OnnxTensor
import ai.onnxruntime.OrtEnvironment
import ai.onnxruntime.OrtSession
import android.graphics.Bitmap
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs
import kotlin.math.exp
import kotlin.math.floor
import kotlin.math.max
import kotlin.math.min

class Classifier(model: ByteArray, private val size: Int, private val temperature: Double) {
    private val environment = OrtEnvironment.getEnvironment()
    private val session: OrtSession = environment.createSession(model, OrtSession.SessionOptions())

    /** Probabilities in the order of "classes" in preprocessing.json, of an upright picture. */
    fun probabilities(picture: Bitmap): List<Double> {
        val powers = logits(picture).let { all -> all.map { exp((it - all.max()) / temperature) } }
        return powers.map { it / powers.sum() }
    }

    fun logits(picture: Bitmap): List<Double> {
        val colours = IntArray(picture.width * picture.height)
        picture.getPixels(colours, 0, picture.width, 0, 0, picture.width, picture.height)
        val pixels = IntArray(3 * colours.size) { (colours[it / 3] shr (16 - 8 * (it % 3))) and 255 }
        val wide = squash(pixels, picture.width, picture.height, size)
        val squashed = transpose(squash(transpose(wide, size, picture.height), picture.height, size, size), size, size)
        val bytes = ByteBuffer.allocateDirect(squashed.size).order(ByteOrder.nativeOrder())
        squashed.forEach { bytes.put(it.toByte()) }
        bytes.rewind()
        val shape = longArrayOf(1, size.toLong(), size.toLong(), 3)
        OnnxTensor.createTensor(environment, bytes, shape, OnnxJavaType.UINT8).use { images ->
            session.run(mapOf("images" to images), setOf("logits")).use { found ->
                @Suppress("UNCHECKED_CAST")
                return (found[0].value as Array<FloatArray>)[0].map { it.toDouble() }
            }
        }
    }

    /** Each row of width x height pixels made `target` wide: a triangle as wide as the reduction (anti-aliased bilinear). */
    private fun squash(pixels: IntArray, width: Int, height: Int, target: Int): IntArray {
        val scale = width.toDouble() / target
        val support = max(1.0, scale)
        val result = IntArray(3 * target * height)
        for (x in 0 until target) {
            val middle = (x + 0.5) * scale
            val first = max(0, floor(middle - support + 0.5).toInt())
            val last = min(width, floor(middle + support + 0.5).toInt())
            val weights = DoubleArray(last - first) { max(0.0, 1 - abs((first + it + 0.5 - middle) / support)) }
            val sum = weights.sum()
            for (y in 0 until height) for (channel in 0..2) {
                var value = 0.0
                for (place in weights.indices) value += weights[place] / sum * pixels[3 * (y * width + first + place) + channel]
                result[3 * (y * target + x) + channel] = floor(value + 0.5).toInt()
            }
        }
        return result
    }

    private fun transpose(pixels: IntArray, width: Int, height: Int) =
        IntArray(pixels.size) { pixels[3 * ((it / 3 % height) * width + it / 3 / height) + it % 3] }
}
