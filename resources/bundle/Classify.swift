// Classifies a picture on iOS or macOS with the model beside this file. Not compiled by SkinKD: read it, then try it on
// the sample pictures, whose logits stand in samples.json. Swift package: microsoft/onnxruntime-swift-package-manager
import Foundation
import OnnxRuntimeBindings

final class Classifier {
    private let session: ORTSession
    private let size: Int
    private let temperature: Double

    init(modelPath: String, size: Int, temperature: Double) throws {
        let environment = try ORTEnv(loggingLevel: .warning)
        session = try ORTSession(env: environment, modelPath: modelPath, sessionOptions: try ORTSessionOptions())
        self.size = size
        self.temperature = temperature
    }

    /// Probabilities in the order of "classes" in preprocessing.json, of an upright picture: RGB bytes, row by row.
    func probabilities(pixels: [UInt8], width: Int, height: Int) throws -> [Double] {
        let logits = try logits(pixels: pixels, width: width, height: height)
        let powers = logits.map { exp(($0 - logits.max()!) / temperature) }
        return powers.map { $0 / powers.reduce(0, +) }
    }

    func logits(pixels: [UInt8], width: Int, height: Int) throws -> [Double] {
        let wide = squash(pixels, width, height, to: size)
        let squashed = transpose(squash(transpose(wide, size, height), height, size, to: size), size, size)
        let shape = [1, size, size, 3].map { NSNumber(value: $0) }
        let images = try ORTValue(tensorData: NSMutableData(data: Data(squashed)), elementType: .uInt8, shape: shape)
        let found = try session.run(withInputs: ["images": images], outputNames: ["logits"], runOptions: nil)
        let data = try found["logits"]!.tensorData() as Data
        return data.withUnsafeBytes { $0.bindMemory(to: Float.self).map(Double.init) }
    }

    /// Each row of width x height pixels made `target` wide: a triangle as wide as the reduction (anti-aliased bilinear).
    private func squash(_ pixels: [UInt8], _ width: Int, _ height: Int, to target: Int) -> [UInt8] {
        let scale = Double(width) / Double(target)
        let support = max(1.0, scale)
        var result = [UInt8](repeating: 0, count: 3 * target * height)
        for x in 0..<target {
            let middle = (Double(x) + 0.5) * scale
            let first = max(0, Int((middle - support + 0.5).rounded(.down)))
            let last = min(width, Int((middle + support + 0.5).rounded(.down)))
            let weights = (first..<last).map { max(0.0, 1 - abs((Double($0) + 0.5 - middle) / support)) }
            let sum = weights.reduce(0, +)
            for y in 0..<height {
                for channel in 0..<3 {
                    var value = 0.0
                    for (place, weight) in weights.enumerated() {
                        value += weight / sum * Double(pixels[3 * (y * width + first + place) + channel])
                    }
                    result[3 * (y * target + x) + channel] = UInt8((value + 0.5).rounded(.down))
                }
            }
        }
        return result
    }

    private func transpose(_ pixels: [UInt8], _ width: Int, _ height: Int) -> [UInt8] {
        (0..<pixels.count).map { pixels[3 * (($0 / 3 % height) * width + $0 / 3 / height) + $0 % 3] }
    }
}
